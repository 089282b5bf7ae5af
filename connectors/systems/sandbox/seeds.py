"""A seed -> choices: the same ones on every machine and in every version of Python."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

FIRST_NAMES: Final = (
    "Ada", "Ben", "Chloe", "Dan", "Eva", "Finn", "Grace", "Hugo", "Iris", "Jonas", "Kira", "Leo",
    "Mina", "Noah", "Olga", "Paul", "Rosa", "Sami", "Tara", "Vera",
)  # fmt: skip
LAST_NAMES: Final = (
    "Abel", "Brandt", "Costa", "Dahl", "Engel", "Fontaine", "Garcia", "Hansen", "Ito", "Jansen",
    "Kaya", "Lind", "Moreau", "Novak", "Okafor", "Petrov", "Rossi", "Silva", "Tanaka", "Weber",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pick:
    """Choices of one seed. A choice depends on the seed and its name, not on those before it."""

    seed: int

    def number(self, name: str, low: int, high: int) -> int:
        """Return a whole number from low to high, both included.

        >>> Pick(7).number("x", 1, 6) == Pick(7).number("x", 1, 6)
        True
        """
        drawn = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return low + int.from_bytes(drawn[:8]) % (high - low + 1)

    def one(self, name: str, of: Sequence[T]) -> T:
        """Return one of several."""
        return of[self.number(name, 0, len(of) - 1)]

    def person(self, name: str) -> str:
        """Return the name of a person."""
        return f"{self.one(name + '/first', FIRST_NAMES)} {self.one(name + '/last', LAST_NAMES)}"

    def money(self, name: str, low_minor: int, high_minor: int) -> str:
        """Return an amount in USD; the limits are in cents."""
        cents = self.number(name, low_minor, high_minor)
        return f"{cents // 100}.{cents % 100:02} USD"


def email_of(person: str, domain: str) -> str:
    """Return the address of a person: `ada.abel@shop.example`."""
    return f"{person.lower().replace(' ', '.')}@{domain}"
