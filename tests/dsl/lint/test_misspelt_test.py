"""The lint `misspelt-test`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1027"
HEAD = """package p
action crm.lead.create { n: int }
action refund { n: int }
guard g on * when agent.id == "x" => block
"""


def _given(name: str) -> list[str]:
    return found(CODE, f'{HEAD}test "t" {{ given {name} {{ n: 5 }} expect block }}\n')


@pytest.mark.parametrize("name", ["crm.lead.creat", "crm.leed.create", "cmr.lead.create", "refnd"])
def test_a_name_that_differs_by_little(name: str) -> None:
    assert _given(name) == [f"`{name}` no action `{name}` is declared: this tries patterns alone"]


@pytest.mark.parametrize(
    "name",
    ["crm.lead.create", "crm.lead.update", "crm.deal.create", "crm.lead", "x.y", "crm.led.creat"],
)
def test_other_names_are_meant_to_be_undeclared(name: str) -> None:
    assert _given(name) == []


def test_what_else_a_test_gives_is_no_action() -> None:
    text = 'test "t" { given agent { id: "x" } given crm.lead.create { n: 5 } expect block }\n'
    assert found(CODE, HEAD + "action agents { n: int }\n" + text) == []
