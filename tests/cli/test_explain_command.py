"""`gatewright explain`: what people read, that it agrees with the JSON, and colour."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gatewright.cli.terminal import wants_color
from gatewright.engine.load import load_source
from gatewright.engine.reading.json_text import Json
from tests.cli.run import REFUNDS, amount, refund, run

MEDIUM = """\
REQUIRE APPROVAL of manager
  billing.refund by refund-bot, decided as of 2026-11-20T12:00:00Z
  /// Gives a customer money back. It cannot be undone.
  manager: one of group("support-managers")    POLICY:22:7

Decisive:
  rule by_amount => require manager    POLICY:41:6
    A refund of 75.00 USD to customer C-1.
    + action.amount (75.00 USD) in 50 USD .. 200 USD is true

Needed for auto_run:
  rule by_amount would have to say auto_run    POLICY:41:6
    - action.amount (75.00 USD) < 50 USD is false
"""

# Has every section of an explanation at once.
EVERYTHING = """
package everything
action a.b { n: int, m?: int }
route clerk { one of group("clerks") }
route teller { one of group("tellers") }
route boss { 2 of group("bosses") outranks clerk, teller timeout 1h then reject }
default block
on_error require clerk
rule open on a.b when action.n < 10 => auto_run
  because "n is {action.n}"
guard clerks on a.b when action.n > 1 => require clerk
guard bosses on a.b when action.n > 2 unless action.n == 9 => require boss because "n is above 2"
guard erring on a.b when has(action.m) && action.m + 9223372036854775807 > 0 => require boss
  because "m is large"
guard lifted on a.b when action.n > 0 => block because "n is positive"
guard steps on a.b when action.n > 4 => require teller then clerk
  obligate tell(share: 100 / (action.n - 5))
@shadow guard tried on a.b when action.n > 3 => block because "n would be too large"
exception season suspends lifted {
  from 2026-11-01T00:00:00Z until 2026-12-01T00:00:00Z
  owner "ops@acme.test" reason "the season" ticket "OPS-1"
}
risk some on a.b when action.n > 3 => 30 because "n is {action.n}"
risk erred on a.b when has(action.m) && action.m + 9223372036854775807 > 0 => 12
"""
UNDECLARED = "no action `a.c` is declared: did you mean `a.b`?"
SECTIONS = [
    "Decisive:", "Also took part:", "Errors, which can only restrict:", "Suspended:",
    "In shadow, without effect:", "Not asked:", "Orders that are not kept:", "To be done:",
    "Obligations that lack a value:", "Risk 42 of 100:", "Needed for auto_run:",
]  # fmt: skip


@pytest.fixture(name="everything")
def everything_fixture(tmp_path: Path) -> Path:
    path = tmp_path / "everything.gate"
    path.write_text(EVERYTHING)
    return path


def explained(
    policy: object, action: dict[str, Any] | str, *options: object
) -> tuple[str, dict[str, Any]]:
    """Return an explanation as text and as JSON."""
    given = action if isinstance(action, str) else json.dumps(action)
    text, data = (
        run("explain", policy, "--action", "-", "--format", form, *options, stdin=given)
        for form in ("text", "json")
    )
    assert (text.code, data.code) == (0, 0)
    assert text.err == data.err == ""
    return text.out, data.data


FIVE = {"action": "a.b", "params": {"n": 5, "m": 1}, "at": "2026-11-20T12:00:00Z"}


# --- the text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.c", UNDECLARED),
        ("x.y.z", "no action `x.y.z` is declared"),
        ("a.b", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("on", ["a.b", "*"])
def test_an_action_that_nothing_declares_is_told_so(
    tmp_path: Path, name: str, told: str | None, on: str
) -> None:
    path = tmp_path / "p.gate"
    path.write_text(f"package p\naction a.b {{ n?: int }}\nrule r on {on} => auto_run\n")
    text, data = explained(path, {"action": name, "at": "2026-11-20T12:00:00Z"})
    header = [line for line in text.splitlines()[1:] if line.startswith("  ")]
    assert data["undeclared"] == told
    assert (f"  {told}" in header[:2]) is (told is not None)
    bundle = tmp_path / "p.bundle"
    assert run("build", path, "-o", bundle).code == 0
    given = json.dumps({"action": name, "at": "2026-11-20T12:00:00Z"})
    assert run("explain", bundle, "--action", "-", stdin=given).out == text


def test_the_text_of_a_decision_is_as_it_stands_here() -> None:
    text, _ = explained(REFUNDS, amount("75.00 USD"))
    assert text == MEDIUM.replace("POLICY", f"{REFUNDS}/refunds.gate")


def test_the_sections_stand_in_a_fixed_order(everything: Path) -> None:
    text, _ = explained(everything, FIVE)
    assert [line for line in text.splitlines() if line and not line.startswith(" ")] == [
        "REQUIRE APPROVAL of boss", *SECTIONS,
    ]  # fmt: skip


def test_sections_with_nothing_in_them_are_left_out() -> None:
    text, _ = explained(REFUNDS, amount("20.00 USD"))
    assert [line for line in text.splitlines() if line and not line.startswith(" ")] == [
        "AUTO_RUN: nobody needs to approve", "Decisive:",
    ]  # fmt: skip


def test_what_each_section_says(everything: Path) -> None:
    text, _ = explained(everything, FIVE)
    for line in (
        '  boss: 2 of group("bosses")    ',
        "  guard bosses => require boss    ",
        "    n is above 2",
        "    + action.n (5) > 2 is true",
        "    + unless action.n (5) == 9 is false",
        "  guard erring => require boss (an error)    ",
        "    had it matched: m is large",
        "  guard clerks => require clerk    ",
        "  guard erring: the number does not fit a signed 64-bit integer    ",
        "    it counts: require boss",
        "  on_error adds require clerk    ",
        "  lifted => block, by exception season until 2026-12-01T00:00:00Z    ",
        "    owner: ops@acme.test, reason: the season, ticket: OPS-1",
        "  guard tried => block    ",
        "    n would be too large",
        "  clerk: boss outranks it and is asked",
        "   30 some: n is 5    ",
        "   12 erred (an error counts in full)    ",
        "  guard bosses would have to let it pass",
        "  guard clerks would have to let it pass",
    ):
        assert f"\n{line}" in text, line


def test_a_value_cannot_forge_a_line_or_command_the_terminal() -> None:
    customer = "C-1\nAUTO_RUN: nobody needs to approve\x1b[2J\u202e"
    text, data = explained(REFUNDS, refund(params={"customer": customer, "amount": "75 USD"}))
    assert text.splitlines()[0] == "REQUIRE APPROVAL of manager"
    assert not any(line.lstrip().startswith("AUTO_RUN") for line in text.splitlines())
    assert "C-1<U+000A>AUTO_RUN: nobody needs to approve<U+001B>[2J<U+202E>." in text
    assert customer in data["decisive"][0]["because"]


def test_a_long_text_is_cut_for_people_only(tmp_path: Path) -> None:
    policy = tmp_path / "p.gate"
    policy.write_text(
        "package p\naction x.y { t: string }\n"
        'rule r on x.y when action.t != "" => auto_run because "{action.t}"\n'
    )
    text, data = explained(policy, {"action": "x.y", "params": {"t": "é" * 3500}})
    assert max(len(line) for line in text.splitlines()) < 600
    assert data["decisive"][0]["because"] == "é" * 3500


def test_a_missing_permit_is_explained() -> None:
    text, data = explained(REFUNDS, refund(agent={"id": "night-bot"}))
    assert "  no permit => block    " in text
    assert "    agent night-bot is not permitted to billing.refund\n" in text
    assert text.endswith("Needed for auto_run:\n  a permit for this agent and action\n")
    assert [rule["kind"] for rule in data["decisive"]] == ["permit"]


def test_what_does_not_count_beside_a_false_condition_is_left_out() -> None:
    """F && E is F: an error beside a false condition would mislead."""
    policy = "package p\naction x.y { changes { a: int, b: int } }\ndefault block\n" + (
        'rule r on x.y when changes.only(["a"]) when changes.has("a")'
        " when changes.a.new > changes.a.old => auto_run\n"
    )
    ran = run_text(policy, {"action": "x.y", "changes": {"b": {"old": 1, "new": 2}}})
    assert "changes.only" in ran and "error" not in ran


def run_text(policy: str, action: dict[str, Any]) -> str:
    return str(load_source(policy).evaluate(action).explain())


# --- text and JSON


SAID = frozenset({
    "because", "shown", "error", "message", "exception", "until", "owner", "reason", "ticket",
    "route", "by", "people", "summary", "action", "agent",
})  # fmt: skip


def texts_of(data: Json) -> Iterator[str]:
    """Yield what an explanation in JSON says that its text must say too."""
    if isinstance(data, list):
        for item in data:
            yield from texts_of(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key in SAID and isinstance(value, str):
                yield value
            elif key == "at" and isinstance(value, dict):
                yield f"{value['file']}:{value['line']}:{value['column']}"
            elif key not in ("facts", "policy_digest"):
                yield from texts_of(value)


@pytest.mark.parametrize("action", [
    {**FIVE, "params": {"n": 5, "m": 1}}, {**FIVE, "params": {"n": 0}},
    {**FIVE, "params": {"n": 9}}, {**FIVE, "params": {"n": 20}}, {**FIVE, "params": {}},
    {**FIVE, "params": {"n": "5", "x": 1}}, {**FIVE, "at": "2026-12-20T12:00:00Z"},
    {**FIVE, "action": "a.c"},
])  # fmt: skip
def test_text_and_json_agree(everything: Path, action: dict[str, Any]) -> None:
    text, data = explained(everything, action)
    lines = text.splitlines()
    places = [c["at"] for s in ("decisive", "others", "shadow", "missing", "risk_parts")
              for r in data[s] for c in r["conditions"]]  # fmt: skip
    inner = {f"{at['file']}:{at['line']}:{at['column']}" for at in places}
    assert [said for said in texts_of(data) if said not in text and said not in inner] == []
    assert lines[0] == data["summary"]
    for rule in (*data["decisive"], *data["others"], *data["shadow"]):
        name = f"{rule['kind']} {rule['name']}" if rule["name"] else rule["kind"]
        outcome = f"=> {rule['effect']}"
        if rule["status"] == "error":
            opening = rule["effect"] == "auto_run"
            outcome = "opens nothing: an error" if opening else f"{outcome} (an error)"
        assert sum(f"{name} {outcome}    " in line for line in lines) == 1
    conditions = [c for s in ("decisive", "others") for r in data[s] for c in r["conditions"]]
    for condition in conditions:
        sign = {True: "+", False: "-", None: "!"}[condition["holds"]]
        unless = "unless " if condition["kind"] == "unless" else ""
        assert f"{sign} {unless}{condition['shown']} is " in text


def test_explain_agrees_with_eval(everything: Path) -> None:
    decision = run("eval", everything, "--action", "-", stdin=json.dumps(FIVE)).data
    _, data = explained(everything, FIVE)
    named = [*data["decisive"], *data["others"]]
    assert decision["stages"] == data["stages"]
    assert [r for r in decision["rules"] if r["status"] in ("matched", "error")] == named
    assert (decision["risk"], decision["errors"]) == (data["risk"], data["errors"])
    assert decision["because"] == [r["because"] for r in data["decisive"] if r["because"]]


@pytest.mark.parametrize(("n", "effect"), [
    (0, "auto_run"), (2, "require_approval"), (20, "block"),
])  # fmt: skip
def test_explain_and_eval_have_one_word_for_an_effect(
    everything: Path, n: int, effect: str
) -> None:
    action = {**FIVE, "params": {"n": n}, "at": "2026-11-20T12:00:00Z"}
    if effect == "block":
        action["at"] = "2026-12-20T12:00:00Z"
    decision = run("eval", everything, "--action", "-", stdin=json.dumps(action)).data
    _, data = explained(everything, action)
    assert (decision["effect"], data["effect"]) == (effect, effect)


def test_the_json_is_indented_ascii(everything: Path) -> None:
    ran = run("explain", everything, "--action", "-", "--format", "json", stdin=json.dumps(FIVE))
    assert ran.out == json.dumps(ran.data, indent=2) + "\n"


# --- input


def test_input_is_refused_as_by_eval(tmp_path: Path) -> None:
    bad = tmp_path / "bad.gate"
    bad.write_text("package a\nrule r on x.y => auto_run\n")
    for arguments, stdin in (
        ((REFUNDS, "--action", "-"), '{"params": NaN}'),
        ((REFUNDS, "--action", tmp_path), ""),
        ((REFUNDS, "--action", "-", "--history", "-"), "{}"),
        ((bad, "--action", "-"), "{}"),
        ((tmp_path / "absent", "--action", "-"), "{}"),
    ):
        ran, evaluated = (run(c, *arguments, stdin=stdin) for c in ("explain", "eval"))
        assert (ran.code, ran.out) == (evaluated.code, evaluated.out)
        assert ran.err == evaluated.err.replace("gatewright eval", "gatewright explain").replace(
            "main eval", "main explain"
        )
    assert run("explain", REFUNDS, "--action", "-", "--format", "sarif", stdin="{}").code == 2


# --- colour


def on_a_terminal(action: Path) -> str:
    """Return what a real process writes to a terminal."""
    leader, follower = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    command = [sys.executable, "-m", "gatewright", "explain", REFUNDS, "--action", str(action)]
    process = subprocess.Popen(
        command, stdout=follower, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        env={**clean, "TERM": "xterm"},
    )  # fmt: skip
    os.close(follower)
    written = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not part:
            break
        written += part
    os.close(leader)
    assert process.wait() == 0
    return written.decode().replace("\r\n", "\n")


def test_colour_is_for_terminals_and_only_there(tmp_path: Path) -> None:
    action = tmp_path / "refund.json"
    action.write_text(amount("75.00 USD"))
    plain = run("explain", REFUNDS, "--action", action).out
    assert "\x1b" not in plain
    coloured = on_a_terminal(action)
    assert coloured.startswith("\x1b[1;33mREQUIRE APPROVAL of manager\x1b[0m\n")
    for style in ("\x1b[1;33m", "\x1b[1m", "\x1b[34m", "\x1b[32m", "\x1b[31m", "\x1b[0m"):
        coloured = coloured.replace(style, "")
    assert coloured == plain


class Terminal(StringIO):
    """A text stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "color"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_the_environment_may_refuse_colour(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], color: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(Terminal()) is color
    assert wants_color(StringIO()) is False


def test_a_rule_that_need_not_open_is_not_called_for(tmp_path: Path) -> None:
    """One rule opens already: another that does not match lacks nothing; the guard does."""
    path = tmp_path / "p.gate"
    path.write_text(
        "package p\naction a.b { n: int }\n"
        "rule small on a.b when action.n < 5 => auto_run\n"
        "rule large on a.b when action.n > 90 => auto_run\n"
        'guard shut on a.b when action.n > 1 => block because "above 1"\n'
    )
    text, data = explained(path, {"action": "a.b", "params": {"n": 3}})
    assert "large" not in text
    assert data["missing"] == []
    assert text.endswith("Needed for auto_run:\n  guard shut would have to let it pass\n")


UNOPENED = """package p
action a.b { n: int }
action a.c { n: int }
route boss { one of group("bosses") }
rule never_opens on a.b when action.n > 5 => require boss
@shadow rule tried on a.c => auto_run
guard always on a.c when action.n > 5 => require boss
"""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.b", "no rule that covers this action says auto_run"),
        ("a.c", "no rule covers this action"),
        ("x.y", "no rule covers this action"),
    ],
)
def test_an_action_that_no_rule_can_open_is_told_so(tmp_path: Path, name: str, why: str) -> None:
    path = tmp_path / "p.gate"
    path.write_text(UNOPENED)
    given = json.dumps({"action": name, "params": {"n": 1}})
    text = run("explain", path, "--action", "-", stdin=given).out
    assert text.endswith(f"Needed for auto_run:\n  {why}: one would have to say auto_run\n")
    data = run("explain", path, "--action", "-", "--format", "json", stdin=given).data
    assert (data["unopened"], data["missing"]) == (why, [])


def test_where_a_default_opens_no_rule_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "p.gate"
    path.write_text(
        "package p\naction a.b { n: int }\ndefault auto_run\n"
        'guard shut on a.b when action.n > 1 => block because "above 1"\n'
    )
    text, data = explained(path, {"action": "a.b", "params": {"n": 3}})
    assert "no rule" not in text.partition("Needed for auto_run:")[2]
    assert data["unopened"] is None


LADDERS = """package p
action a.b { m: money }
route r { one of group("g") }
rule dollars on a.b when action.m.currency == "USD" tier action.m { < 5 USD => auto_run >= 5 USD => require r }
rule crowns on a.b when action.m.currency == "NOK" tier action.m { < 9 NOK => auto_run >= 9 NOK => require r }
guard shut on a.b when action.m.amount > 8 => require r
"""


@pytest.mark.parametrize(
    ("more", "wanted", "opened"),
    [
        (
            "",
            """  one of these rules would have to say auto_run:
    rule crowns    p.gate:5:6
      - action.m.currency ("USD") == "NOK" is false
    rule dollars    p.gate:4:6
      + action.m.currency ("USD") == "USD" is true
      - action.m (10.00 USD) < 5 USD is false
  rule dollars would have to say auto_run or let it pass
  guard shut would have to let it pass
""",
            False,
        ),
        (
            "default auto_run",
            """  rule dollars would have to say auto_run    p.gate:4:6
    + action.m.currency ("USD") == "USD" is true
    - action.m (10.00 USD) < 5 USD is false
  guard shut would have to let it pass
""",
            True,
        ),
    ],
)
def test_one_of_several_rules_is_called_for_unless_something_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, wanted: str, opened: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.gate").write_text(LADDERS + more)
    text, data = explained(Path("p.gate"), {"action": "a.b", "params": {"m": "10 USD"}})
    assert text.partition("Needed for auto_run:\n")[2] == wanted
    assert data["opened"] is opened


def test_what_is_to_be_done_is_told_with_the_rule_that_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "p.gate"
    path.write_text(
        "package p\naction a.b { n: int, @secret s: string }\nguard shut on a.b => block\n"
        'obligate notify("ops", level: action.n, who: action.s, what: 1 / action.n, till: null)\n'
    )
    text, data = explained(path, {"action": "a.b", "params": {"n": 0, "s": "hush"}})
    wanted = 'notify("ops", level: 0, who: "***", what: ?, till: null), of shut'
    assert f"\nTo be done:\n  {wanted}\n" in text
    (told,) = data["obligations"]
    assert (told["name"], told["rule"], told["args"]["level"]) == ("notify", "p.shut", 0)


def test_a_rule_is_called_for_beside_what_restricts(tmp_path: Path) -> None:
    path = tmp_path / "p.gate"
    path.write_text("package p\naction a.b { }\nguard shut on a.b => block\n")
    text, _ = explained(path, {"action": "a.b"})
    assert text.endswith(
        "Needed for auto_run:\n  no rule covers this action: one would have to say auto_run\n"
        "  guard shut would have to let it pass\n"
    )


def test_the_exception_that_takes_an_opening_rule_away_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.gate"
    path.write_text(
        "package p\naction a.b { n: int }\nroute lead { one of group('leads') }\n"
        "default require lead\nrule open on a.b when action.n == 1 => auto_run\n"
        "exception freeze suspends open { from 2026-11-01 until 2026-12-01 }\n"
    )
    given = {"action": "a.b", "params": {"n": 1}, "at": "2026-11-20T12:00:00Z"}
    text, _ = explained(path, given)
    assert text.partition("Needed for auto_run:\n")[2] == (
        "  rule open would have to say auto_run    POLICY:5:6\n"
        "    + action.n (1) == 1 is true\n"
        "    exception freeze would have to leave it alone\n"
    ).replace("POLICY", str(path))


def test_doc_comments_are_shown_with_what_they_belong_to(tmp_path: Path) -> None:
    path = tmp_path / "p.gate"
    path.write_text(
        "package p\n/// Money back.\naction a.b { n: int }\n"
        "/// Small ones\n/// are fine.\nrule open on a.b when action.n < 9 => auto_run\n"
        "/// Asked of nobody here.\nguard large on a.b when action.n > 9 => block\n"
        "/// For later.\n@shadow guard tried on a.b => block\n"
        "/// The budget.\nguard lifted on a.b => block\n"
        "exception peak suspends lifted { from 2026-11-01 until 2026-12-01 }\n"
    )
    given = {"action": "a.b", "params": {"n": 1}, "at": "2026-11-20T12:00:00Z"}
    text, data = explained(path, given)
    lines = text.splitlines()
    assert lines[2] == "  /// Money back."
    said = {
        line: lines[i - 1].split("    ")[0] for i, line in enumerate(lines) if "    ///" in line
    }
    assert said == {
        "    /// Small ones are fine.": "  rule open => auto_run",
        "    /// For later.": "  guard tried => block",
        "    /// The budget.": "  lifted => block, by exception peak until 2026-12-01T00:00:00Z",
    }
    assert data["doc"] == "Money back."
    assert data["docs"] == {
        "p.open": "Small ones\nare fine.", "p.tried": "For later.", "p.lifted": "The budget."
    }  # fmt: skip


def test_doc_comments_of_routes_exceptions_and_risks_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "p.gate"
    path.write_text(
        "package p\naction a.b { n: int }\n"
        "/// Those who know\n/// the desk.\nroute lead { one of group('leads') }\n"
        "/// Nobody asks them here.\nroute boss { one of group('bosses') }\n"
        "/// Many at once.\nrisk many on a.b when action.n > 1 => 40\n"
        "/// Very many.\nrisk too_many on a.b when action.n > 99 => 40\n"
        "rule all on a.b => require lead\n"
        "rule large on a.b when action.n > 99 => require boss\n"
        "/// The budget.\nguard lifted on a.b => block\n"
        "/// November.\nexception peak suspends lifted {\n"
        "  from 2026-11-01 until 2026-12-01 owner 'kim'\n}\n"
        "/// It is over.\nexception past suspends lifted { from 2026-10-01 until 2026-11-01 }\n"
    )
    given = {"action": "a.b", "params": {"n": 5}, "at": "2026-11-20T12:00:00Z"}
    text, data = explained(path, given)
    lines = text.splitlines()
    assert lines[2].startswith("  lead: one of group('leads')    ")
    assert lines[3] == "    /// Those who know the desk."
    suspended = lines.index("Suspended:")
    assert lines[suspended + 2 : suspended + 5] == [
        "    /// The budget.", "    owner: kim", "    exception peak: /// November."
    ]  # fmt: skip
    risk = lines.index("Risk 40 of 100:")
    assert lines[risk + 2] == "        /// Many at once."
    assert text.count("///") == 4
    assert [route["doc"] for route in data["needed"]] == ["Those who know\nthe desk."]
    assert [one["doc"] for one in data["suspended"]] == ["November."]
    assert [part["doc"] for part in data["risk_parts"]] == ["Many at once."]
    assert data["docs"] == {"p.lifted": "The budget."}
