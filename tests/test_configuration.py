"""Configurations are read without pydantic just as with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatewright import settings
from gatewright.configuration import Configuration, ConfigurationError, Used, read
from gatewright.engine.reading.plain import NotPlain

USUAL = {
    "policy": '["a", "b"]', "store": '"sqlite:///gate.db"', "policy_keys": '"k.pem"',
    "least_version": "3", "people": '"people.yaml"', "seal": '"s"', "audit_key": '"k.pem"',
    "audit_public_keys": '["p.pem"]', "connectors": '[{use = "sql", system = "x", given = {a = 1}}]',
    "notifiers": '[{use = "lines"}]',
}  # fmt: skip
ODD = ("1", "1.0", "true", '"2"', '""', "[]", '["x"]', "[1]", "[[]]", "{}", '[{use = ""}]',
       "[{}]", '[{use = "x", use2 = 1}]', "2026-11-20", "[{use = 1}]")  # fmt: skip


def both(file: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> list[Any]:
    """Return what is read of some settings, or why nothing: as always, and by pydantic alone."""
    file.write_text("\n".join(f"{name} = {value}" for name, value in given.items()), "utf-8")
    found: list[Any] = []
    for reader in ("gatewright.configuration._plain", None):
        with monkeypatch.context() as patched:
            if reader is None:
                patched.setattr("gatewright.configuration._plain", _nothing)
            try:
                found.append(read(file))
            except ConfigurationError as error:
                found.append(error.why)
    return found


def _nothing(_: object) -> Configuration:
    raise NotPlain


def test_all_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "gatewright.toml"
    found, again = both(file, monkeypatch, USUAL)
    assert found == again
    assert isinstance(found, Configuration)
    assert found.policy == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert found.connectors == (Used("sql", {"system": "x", "given": {"a": 1}}),)
    assert (found.policy_keys, found.least_version) == ((str(tmp_path / "k.pem"),), 3)

    def loaded(_: object) -> dict[str, Any]:
        raise AssertionError("pydantic is not needed")

    monkeypatch.setattr(settings, "settings_of", loaded)
    assert read(file) == found


@pytest.mark.parametrize("name", [*USUAL, "unknown"])
def test_any_other_value_of_any_setting(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gatewright.toml"
    outcomes: set[type] = set()
    for value in (None, *ODD):
        given = {**USUAL, name: value}
        usual, slow = both(file, monkeypatch, {k: v for k, v in given.items() if v is not None})
        assert usual == slow, value
        outcomes.add(str if isinstance(usual, str) else Configuration)
    assert str in outcomes
