"""The encoders extension: base64. Source: cel-go ext README, "Encoders"."""

from __future__ import annotations

import base64
import binascii

from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError

LIBRARY = Library()


@LIBRARY.function("base64.encode", "bytes")
def encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@LIBRARY.function("base64.decode", "string")
def decode(text: str) -> bytes:
    # The padding may be left out altogether, as cel-go allows.
    padded = text if text.endswith("=") else text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        raise EvaluationError("invalid_argument", "the text is not base64") from None
