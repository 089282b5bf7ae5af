"""The lint `unasked-change`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import in_billing

CODE = "GW1036"
BOTH = "table strictest (changes.Amount.new, changes.Stage.new)"


@pytest.mark.parametrize("kind", ["guard", "absolute guard"])
def test_a_row_that_looks_at_one_of_two_fields(kind: str) -> None:
    text = f'{kind} g on billing.update {BOTH} {{ > 5 USD | "a" => block _ | "b" => block < 5 USD | _ => block }}'
    assert in_billing(CODE, text) == [
        '`_ | "b" => block` this row looks at `Stage` alone, and applies only where `Amount` changes too'
    ]


@pytest.mark.parametrize(
    "text",
    [
        f'guard g on billing.update {BOTH} {{ > 5 USD | "a" => block }}',
        f"guard g on billing.update {BOTH} {{ _ | _ => block }}",
        f'rule g on billing.update {BOTH} {{ _ | "a" => block }}',
        "guard g on billing.update table strictest (changes.Amount.old, changes.Amount.new)"
        " { _ | > 5 USD => block }",
        "guard g on billing.update table strictest (action.amount, changes.Amount.new)"
        " { > 5 USD | _ => block _ | > 5 USD => block }",
    ],
)
def test_where_no_other_field_has_to_change(text: str) -> None:
    assert in_billing(CODE, text) == []
