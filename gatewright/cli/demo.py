"""`gatewright demo`: a policy decides on six actions and says why; then runs are held and done.

Everything is fixed, also the clock: the output is the same on every machine, but for the path of
the command where its name alone is not found. What is executed changes a small shop in a temporary
folder, and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from textwrap import indent

import click

from gatewright.cli.explain import painted
from gatewright.cli.inputs import write
from gatewright.cli.terminal import wants_color
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.explaining.explanation_text import Paint
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from gatewright.engine.policy_tests.run import run_tests

POLICY = "refunds.gate"


@dataclass(frozen=True, slots=True)
class Scene:
    """One proposal: what happens, in a line, and the action; `amount` None is left out."""

    story: str
    customer: str
    amount: str | None
    agent: str = "refund-bot"
    at: str = "2026-11-20T12:00:00Z"

    def action(self) -> dict[str, object]:
        """Return the action as the agent proposes it."""
        amount = {} if self.amount is None else {"amount": self.amount}
        return {
            "action": "billing.refund",
            "params": {"customer": self.customer, **amount},
            "agent": {"id": self.agent, "owner": "team-support"},
            "target": {"id": f"ch_{self.customer}", "attributes": {"status": "paid"}},
            "at": self.at,
        }


FIRST = Scene("Customer C-1 wants 20 USD back.", "C-1", "20.00 USD")
SCENES = (
    FIRST,
    Scene("Customer C-2 wants 75 USD back.", "C-2", "75.00 USD"),
    Scene("Customer C-3 wants 500 USD back.", "C-3", "500.00 USD"),
    Scene("Eleven days later, customer C-1 wants another 20 USD back.", "C-1", "20.00 USD",
          at="2026-12-01T12:00:00Z"),
    Scene("An agent that nobody gave a permit proposes 20 USD.", "C-4", "20.00 USD",
          agent="night-bot"),
    Scene("The agent forgets to say how much.", "C-5", None),
)  # fmt: skip


@click.command("demo")
def command() -> None:
    """See a policy decide, people answer, a worker write, and the trail of it all.

    First a policy about refunds decides on six actions and says why. Then proposals are held,
    approved, escalated, asked again, carried out and taken back: in a small shop, a SQLite database
    in a temporary folder that is removed in the end. The clock of the demo is its own, so that it
    always says the same. The second part needs the extra `runtime`.

    \b
    Example:
      gatewright demo

    Exit codes: 0 fine; 1 the policy's own tests fail.
    """
    color = wants_color(sys.stdout)
    policy = load_source(policy_text(), name=POLICY)
    for part in _story(policy, painted if color else None):
        write(part, color=color)
    for part in _held(painted if color else None):
        write(part, color=color)
    results = run_tests(policy)
    failed = [result.message for result in results if not result.passed]
    write(_TESTED.format(passed=len(results) - len(failed), all=len(results)))
    write("\n".join([*failed, _END.format(program=program())]))
    raise SystemExit(bool(failed))


def program() -> str:
    """Return how this command is called here: by its name, or by a path where no PATH has it."""
    if which("gatewright") is not None:
        return "gatewright"
    script = Path(sys.executable).with_name("gatewright")
    if not script.exists():
        return "python -m gatewright"
    here = Path.cwd()
    return str(script.relative_to(here) if script.is_relative_to(here) else script)


def policy_text() -> str:
    """Return the policy of the demo, which is that of examples/refunds."""
    return files("gatewright.cli").joinpath("demo_policies", POLICY).read_text("utf-8")


def _story(policy: PolicySet, paint: Paint | None) -> Iterator[str]:
    rule = next(r for r in policy.policy.rules if r.name == "by_amount")
    yield _BEGIN.format(rule=indent(rule.declaration.span.text, "    "))
    past = History([{**_past(FIRST), "id": "run-1", "status": "executed"}])
    for number, scene in enumerate(SCENES, start=1):
        decision = policy.evaluate(scene.action(), past if scene.at > FIRST.at else None)
        title = f"{number}. {scene.story}"
        yield paint("title", title) if paint else title
        yield indent(decision.explain().text(paint), "   ", lambda line: bool(line.strip())) + "\n"


def _held(paint: Paint | None) -> Iterator[str]:
    if find_spec("sqlalchemy") is None or find_spec("alembic") is None:
        yield _NO_RUNTIME
        return
    # Needs SQLAlchemy, which not everybody has.
    from gatewright.cli.demo_story import story

    yield _THEN
    for number, (scene, lines) in enumerate(story(), start=len(SCENES) + 1):
        title = f"{number}. {scene}"
        yield paint("title", title) if paint else title
        yield indent("\n".join(lines), "   ", lambda line: bool(line.strip())) + "\n"


def _past(scene: Scene) -> dict[str, object]:
    """Return the action of a scene as a history remembers it."""
    action = scene.action()
    return {key: action[key] for key in ("action", "params", "agent", "at")}


_BEGIN = """\
A shop lets an agent pay money back to its customers. How much it may do alone, and who must
approve the rest, is said in a policy. Its first rule:

{rule}

Other rules look at what was refunded before, at who asks, and at the charge. Six proposals:
"""

_THEN = """\
What is to be approved waits for people. The shop is a database now, changed by a worker through a
connector once its people agree, and never otherwise. The clock of this part is the story's own.
"""

_NO_RUNTIME = "How proposals wait, are approved and carried out needs `gatewright[runtime]`.\n"

_TESTED = "The policy's own tests: {passed} of {all} pass."

_END = """
The policy is examples/refunds/refunds.gate. To decide about an action of your own:

    {program} explain examples/refunds --action examples/refunds/actions/medium.json"""
