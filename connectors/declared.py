"""Plain data of a configuration -> what a connector takes; what does not fit, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

DeclaredT = TypeVar("DeclaredT", bound="Declared")


class Declared(BaseModel):
    """Something that plain data declares: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Mistake(NamedTuple):
    """Something in plain data that does not fit. It quotes no value: that may be a password."""

    place: str
    """Keys and positions, joined by dots."""
    kind: str
    """The name that pydantic has for it, such as `missing`."""
    why: str

    def __str__(self) -> str:
        return f"`{self.place}`: {self.why}"


def declared_by(kind: type[DeclaredT], data: dict[str, Any]) -> DeclaredT:
    """Read plain data; raises ValueError with its first mistake."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ValueError(str(first_mistake(error))) from None


def first_mistake(error: ValidationError) -> Mistake:
    """Return the first of the mistakes that pydantic found."""
    return next(mistakes(error))


def mistakes(error: ValidationError) -> Iterator[Mistake]:
    """Yield the mistakes that pydantic found, in its order."""
    for one in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in one["loc"])
        yield Mistake(place, one["type"], one["msg"][:1].lower() + one["msg"][1:])
