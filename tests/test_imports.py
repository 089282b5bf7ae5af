"""What a decision imports: neither parser nor compiler, and few modules in all.

A command that decides once is as fast as what it has to load. Checked in processes of their own,
since the tests have imported everything.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.engine.bundle.build import build
from gatewright.engine.load import load_source
from tests.conftest import ROOT

NEVER = (
    "alembic", "celpy", "click", "cryptography", "dataclasses", "difflib", "fractions", "inspect",
    "lark", "pathlib", "pydantic", "re2", "sqlalchemy", "ssl", "yaml", "zoneinfo", "_hashlib",
    "gatewright.cli.group", "gatewright.dsl.checker", "gatewright.dsl.load", "gatewright.dsl.messages",
    "gatewright.dsl.parser", "gatewright.dsl.resolver", "gatewright.dsl.typing",
    "gatewright.engine.compile", "gatewright.engine.runtime",
)  # fmt: skip
"""What no decision from a bundle loads."""
NOT_HERE = (
    "gatewright.dsl.ast.bodies", "gatewright.dsl.ast.declarations", "gatewright.dsl.ast.policy_tests",
    "gatewright.engine.cel.regexes", "gatewright.engine.cel.strings", "gatewright.engine.explain",
    "gatewright.engine.history.host", "gatewright.engine.history.memory", "gatewright.engine.workdays",
)  # fmt: skip
"""What is not loaded besides where a policy asks no history and has no calendar."""
MOST_OF_OURS = 84
"""So many modules of ours are enough for such a policy; 81 when this was written."""

TEXT = """
package demo.refunds
type Charge { status: enum("open", "closed") }
action demo.refund on stripe.charge as Charge { customer: string, amount: money(USD) >= 0 USD }
route manager { one of group("managers") }
rule by_amount on demo.refund
  tier action.amount { < 50 USD => auto_run >= 50 USD => require manager }
  because "A refund of {action.amount} to {action.customer}."
guard closed on demo.refund when target.status == "closed" => block because "It is closed."
"""
ACTION = {
    "action": "demo.refund",
    "params": {"customer": "C-1", "amount": "75.00 USD"},
    "agent": {"id": "bot", "owner": "team"},
    "target": {"id": "ch_1", "attributes": {"status": "open"}},
    "at": "2026-11-20T12:00:00Z",
}


@pytest.fixture(name="bundle")
def bundle_file(tmp_path: Path) -> Path:
    """A bundle of the policy above, and the action beside it."""
    bundle = tmp_path / "refunds.gwb"
    bundle.write_bytes(build(load_source(TEXT).policy, made_by="test"))
    (tmp_path / "action.json").write_text(json.dumps(ACTION))
    return bundle


def loaded(code: str, *arguments: str | Path) -> tuple[set[str], str]:
    """Run a program, and return which modules it loaded, and what it wrote."""
    code = f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}",
         *map(str, arguments)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stderr.split()), done.stdout


def within(modules: set[str], names: tuple[str, ...]) -> Iterator[str]:
    """Yield the modules that have one of the names, or lie below one."""
    for module in sorted(modules):
        if any(module == name or module.startswith(f"{name}.") for name in names):
            yield module


ANSWERED = """
from gatewright.cli.start import answer
print(answer(["eval", sys.argv[1], "--action", sys.argv[2]]))
"""


def test_a_decision_on_the_command_line_loads_little(bundle: Path) -> None:
    modules, out = loaded(ANSWERED, bundle, bundle.with_name("action.json"))
    assert json.loads(out)["effect"] == "require_approval"
    assert [*within(modules, NEVER + NOT_HERE)] == []
    ours = [*within(modules, ("gatewright",))]
    assert len(ours) <= MOST_OF_OURS, ours


def test_a_decision_of_a_program_loads_no_compiler(bundle: Path) -> None:
    code = "import gatewright as gw\npolicy = gw.load(sys.argv[1])\n"
    code += f"decision = policy.evaluate({ACTION!r})\nprint(decision.effect)\n"
    modules, out = loaded(f"{code}decision.to_dict()", bundle)
    assert out.strip() == "require_approval"
    assert [*within(modules, NEVER + NOT_HERE)] == []
    modules, _ = loaded(f"{code}str(decision.explain())", bundle)
    assert [*within(modules, NEVER)] == []


def test_histories_and_calendars_load_no_more_than_they_need(tmp_path: Path) -> None:
    texts = [p.read_text("utf-8") for p in (ROOT / "examples" / "refunds").glob("*.gate")]
    bundle = tmp_path / "refunds.gwb"
    bundle.write_bytes(build(load_source(texts).policy, made_by="test"))
    action = ROOT / "examples" / "refunds" / "actions" / "small.json"
    modules, out = loaded(ANSWERED, bundle, action)
    assert json.loads(out)["effect"]
    assert "gatewright.engine.history.host" in modules
    assert [*within(modules, NEVER)] == []


def test_the_version_is_told_without_loading_anything_else() -> None:
    modules, _ = loaded("from gatewright.cli.start import answer\nanswer(['--version'])")
    assert [*within(modules, ("gatewright",))] == [
        "gatewright",
        "gatewright.cli",
        "gatewright.cli.start",
    ]
