"""What a decision imports: neither parser nor compiler, and few modules in all.

A command that decides once is as fast as what it has to load. Checked in processes of their own,
since the tests have imported everything.
"""

from __future__ import annotations

import json
import sqlite3
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
    "gatewright.engine.cel.regexes", "gatewright.engine.cel.strings", "gatewright.engine.explaining.explanation_text",
    "gatewright.engine.history.host", "gatewright.engine.history.memory", "gatewright.engine.workdays",
)  # fmt: skip
"""What is not loaded besides where a policy asks no history and has no calendar."""
NOT_FOR_RUNS = (
    "alembic", "celpy", "cryptography", "httpx", "lark", "mako", "psycopg", "pydantic", "pydantic_core",
    "re2", "sqlalchemy.dialects.postgresql", "sqlalchemy.orm", "gatewright.dsl.checker",
    "gatewright.dsl.load", "gatewright.dsl.parser", "gatewright.engine.compile",
    "gatewright.engine.runtime.store.migrations.versions", "gatewright.settings",
)  # fmt: skip
"""What no command loads that works on a store of this version, with policies that were read before."""
MOST_OF_OURS = 86
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


CONFIGURATION = """
policy = "refunds.gate"
store = "sqlite:///gate.db"
people = "people.yaml"

[[connectors]]
use = "sql"
system = "stripe"
database = "sqlite:///shop.db"

[connectors.objects.charge]
table = "charges"
key = "id"
version = "v"

[connectors.objects.charge.actions."demo.refund"]
sets = { status = "closed" }
"""

COMMAND = """
from gatewright.cli.group import main
try:
    main(sys.argv[1:], standalone_mode=False)
except SystemExit as end:
    assert not end.code
"""


@pytest.fixture(name="office", scope="module")
def office_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store of this version with runs that wait; the policies are in the cache."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "gatewright.toml").write_text(CONFIGURATION)
    (folder / "refunds.gate").write_text(TEXT)
    (folder / "action.json").write_text(json.dumps({**ACTION, "at": None}))
    (folder / "people.yaml").write_text("people: {ann: {}}\ngroups: {managers: [ann]}\n")
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE charges (id TEXT PRIMARY KEY, status TEXT, v INTEGER)")
        shop.execute("INSERT INTO charges VALUES ('ch_1', 'open', 1)")
    shop.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GATEWRIGHT_CACHE", str(folder / "cache"))
        patched.setenv("GATEWRIGHT_CONFIG", str(folder / "gatewright.toml"))
        patched.setenv("GATEWRIGHT_AS", "ann")
        for _ in range(2):  # one stays when the other is answered
            loaded(COMMAND, "propose", "--as", "bot", "--action", folder / "action.json")
        loaded(COMMAND, "work", "--drain")  # which puts the trail into its tree
        yield folder


@pytest.mark.parametrize(
    "command",
    ["propose --as bot --action ACTION", "queue", "queue --as ann", "show RUN", "comment RUN hm",
     "approve RUN --card CARD", "work --drain", "dead-letters list", "db check", "audit verify",
     "audit export"],
)  # fmt: skip
def test_a_command_for_runs_loads_what_it_needs(office: Path, command: str) -> None:
    _, out = loaded(COMMAND, "queue", "--json")
    run = json.loads(out)[0]
    _, out = loaded(COMMAND, "show", run["run"], "--json")
    named = {
        "ACTION": str(office / "action.json"),
        "RUN": run["run"],
        "CARD": json.loads(out)["card"],
    }
    modules, out = loaded(COMMAND, *(named.get(word, word) for word in command.split()))
    assert out or command == "dead-letters list"
    assert [*within(modules, NOT_FOR_RUNS)] == []
    assert "sqlalchemy" in modules


def test_a_store_of_another_version_is_looked_at_more_closely(office: Path) -> None:
    store = f"sqlite:///{office / 'other.db'}"
    modules, _ = loaded(COMMAND, "db", "upgrade", "--store", store)
    assert "alembic" in modules
    modules, _ = loaded(COMMAND, "db", "check", "--store", store)
    assert "alembic" not in modules
