"""The lint `absorbed-route`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import ACTIONS, found, in_billing

CODE = "GW1018"
TOLD = (
    "`manager` `manager` is never asked here: `finance` outranks it and is needed too"
    " | `finance` serves for it: `finance`"
)


@pytest.mark.parametrize(
    "text",
    [
        "guard g => require manager and finance",
        "guard g => require finance and manager",
        "default require manager and finance",
        "on_error require manager and finance",
        "rule r cases { action.amount < 5 USD => auto_run else => require manager and finance }",
    ],
)
def test_a_route_beside_one_that_outranks_it_is_told(text: str) -> None:
    assert in_billing(CODE, text) == [TOLD]


@pytest.mark.parametrize(
    "text",
    [
        "guard g => require manager then finance",
        "guard g => require finance then manager",
        "guard g => require finance",
        'route legal { one of group("legal") }\nguard g => require legal and manager',
        'test "t" { given billing.refund { } expect require manager and finance }',
    ],
)
def test_routes_in_an_order_or_without_a_rank_are_fine(text: str) -> None:
    assert in_billing(CODE, text) == []


def test_routes_of_an_imported_package() -> None:
    other = (
        "package other\nimport billing as b\n"
        "guard g on billing.* => require b.manager and b.finance"
    )
    assert found(CODE, ACTIONS, other) == [
        "`b.manager` `b.manager` is never asked here: `b.finance` outranks it and is needed too"
        " | `b.finance` serves for it: `b.finance`"
    ]
