"""The lint `unwatched-change`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1033"
HEAD = """package crm
action crm.account.update { note: string, changes { Phone: string, Limit: money(USD), Owner: string } }
action crm.lead.create { note: string }
route ops { one of group("ops") }
let notes = ["Phone"]
let richer = changes.has("Limit")
"""
PHONE = 'rule phone on crm.account.update when changes.has("Phone") => auto_run\n'


def _told(*names: str, row: str = "auto_run") -> list[str]:
    listed = " and ".join(f"`{name}`" for name in names)
    return [
        f"`{row}` with `Phone`, {listed} may change here too, and no rule looks at that"
        " | declared here: `crm.account.update`"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PHONE, _told("Limit", "Owner")),
        (PHONE + 'guard g on * when changes.has("Limit") => block', _told("Owner")),
        (PHONE + "guard g on crm.* when richer => block", _told("Owner")),
        (PHONE + 'rule o on * when changes.only(["Owner"]) => auto_run', _told("Limit")),
        (PHONE + "@shadow guard g on * unless changes.only(notes) => block", _told("Limit", "Owner")),
        ('rule t on crm.* table (changes.Phone.old, changes.Phone.new) { "a" | "b" => auto_run }',
         _told("Limit", "Owner", row='"a" | "b" => auto_run')),
        (PHONE + "default block\ndefault auto_run on *", _told("Limit", "Owner")),
    ],
)  # fmt: skip
def test_fields_that_change_along(text: str, told: list[str]) -> None:
    assert found(CODE, HEAD + text) == told


@pytest.mark.parametrize(
    "text",
    [
        'rule phone on crm.account.update when changes.only(["Phone"]) => auto_run',
        'rule p on crm.account.update when changes.has("Phone") && changes.only(notes) => auto_run',
        PHONE + 'guard g on * when changes.has("Limit") || changes.has("Owner") => block',
        PHONE + "guard g on * unless changes.only(notes) => block",
        PHONE + "guard g on * when changes.fields.size() > 1 => block",
        PHONE + "rule all on crm.* when action.note == '' => auto_run",
        PHONE + "default auto_run",
        PHONE.replace("auto_run", "require ops"),
        'rule p on crm.account.update unless changes.has("Phone") => auto_run',
    ],
)  # fmt: skip
def test_changes_that_something_looks_at_are_fine(text: str) -> None:
    assert found(CODE, HEAD + text) == []
