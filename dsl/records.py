"""`dataclass`, `field` and `replace` of the standard library, cheaper to import.

The standard decorator compiles up to eight methods a class when a module is imported, about half a
millisecond a class: for the classes of this project that was most of the time in which a command
started. Here a method is compiled when it is first called (`record_methods.py`). Type checkers are
shown the standard ones, which mean the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewright.dsl.record_methods import is_record, names_of

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    from gatewright.dsl.record_classes import dataclass, field, replace

__all__ = ["dataclass", "field", "is_record", "names_of", "replace"]
