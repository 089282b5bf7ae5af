"""The lint `agent-pattern`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found, helps

CODE = "GW1035"
HEAD = "package p\naction a.b { }\nrule all on a.b => auto_run\n"


@pytest.mark.parametrize(
    ("agent", "condition"),
    [
        ("bot-*", 'agent.id.startsWith("bot-")'),
        ("*-bot", 'agent.id.endsWith("-bot")'),
        ("*", 'agent.team == "..."'),
        ("bot-?", 'agent.team == "..."'),
        ("b*t-*", 'agent.team == "..."'),
        ("*bot*", 'agent.team == "..."'),
    ],
)
def test_an_id_that_looks_like_a_pattern(agent: str, condition: str) -> None:
    text = f'{HEAD}permit agent "{agent}" to a.b\n'
    told = f"this permits an agent whose id is exactly `{agent}`: an id is no pattern"
    assert found(CODE, text) == [f'`"{agent}"` {told}']
    assert helps(CODE, text) == [
        f"for several agents, write a condition: `permit when {condition}`"
    ]


@pytest.mark.parametrize(
    "permit",
    [
        'agent "refund-bot" to a.*',
        'when agent.id == "bot-*" to a.b',
        'when agent.team == "x" to a.b',
    ],
)
def test_other_permits_are_fine(permit: str) -> None:
    assert found(CODE, f"{HEAD}permit {permit}\n") == []
