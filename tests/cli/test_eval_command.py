"""`gatewright eval`: the decision as JSON, and what is refused with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewright.engine.reading.json_text import MAX_BYTES
from tests.cli.run import REFUNDS, amount, refund, run

PAST = {
    "id": "run-1",
    "action": "billing.refund",
    "params": {"customer": "C-1", "amount": "5.00 USD"},
    "agent": {"id": "refund-bot"},
    "at": "2026-11-19T12:00:00Z",
    "status": "executed",
}
NO_SUCH_FIELD = "package a\naction x.y { n: int }\nrule r on x.y when action.m > 1 => auto_run\n"


def decide(action: str | bytes, *options: object) -> dict[str, object]:
    """Decide about an action on standard input; there must be a decision and no message."""
    ran = run("eval", REFUNDS, "--action", "-", *options, stdin=action)
    assert (ran.code, ran.err) == (0, "")
    return ran.data


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- decisions


@pytest.mark.parametrize(
    ("given", "effect", "routes"),
    [
        (amount("20.00 USD"), "auto_run", []),
        (amount("75.00 USD"), "require_approval", ["manager"]),
        (amount("500.00 USD"), "require_approval", ["finance"]),
        (json.dumps(refund(agent={"id": "other-bot"})), "block", []),
        (json.dumps(refund(target={"attributes": {"status": "disputed"}})), "block", []),
    ],
)
def test_every_effect_is_a_decision(given: str, effect: str, routes: list[str]) -> None:
    decision = decide(given)
    assert decision["effect"] == effect
    assert decision["routes"] == routes


def test_the_decision_has_these_keys_and_is_indented() -> None:
    ran = run("eval", REFUNDS, "--action", "-", stdin=amount("75.00 USD"))
    expected = {
        "id", "effect", "routes", "stages", "rules", "errors", "risk", "obligations", "because",
        "policy_digest", "action_digest", "at", "mode",
    }  # fmt: skip
    assert expected <= set(ran.data)
    assert ran.out == json.dumps(ran.data, indent=2) + "\n"
    (rule,) = ran.data["rules"]
    assert {"name", "package", "kind", "status", "effect", "decisive", "because", "at"} <= set(rule)
    assert rule["conditions"][0]["shown"] == "action.amount (75.00 USD) in 50 USD .. 200 USD"
    assert rule["at"] == {"file": f"{REFUNDS}/refunds.gate", "line": 41, "column": 6}


def test_the_same_input_gives_the_same_output() -> None:
    first, second = (run("eval", REFUNDS, "--action", "-", stdin=amount("75 USD")) for _ in "12")
    assert first == second


def test_an_action_and_its_past_are_read_from_files(tmp_path: Path) -> None:
    action = written(tmp_path, "refund.json", amount("5.00 USD"))
    past = written(tmp_path, "past.jsonl", json.dumps(PAST) + "\n\n")
    alone = run("eval", REFUNDS, "--action", action)
    repeated = run("eval", REFUNDS, "--action", action, "--history", past)
    assert (alone.data["effect"], repeated.data["routes"]) == ("auto_run", ["manager"])


def test_the_past_may_come_from_standard_input(tmp_path: Path) -> None:
    action = written(tmp_path, "refund.json", amount("5.00 USD"))
    ran = run("eval", REFUNDS, "--action", action, "--history", "-", stdin=json.dumps(PAST))
    assert ran.data["routes"] == ["manager"]


def test_now_goes_before_the_instant_of_the_action(tmp_path: Path) -> None:
    past = written(tmp_path, "past.jsonl", json.dumps(PAST))
    later = decide(amount("5.00 USD"), "--history", past, "--now", "2026-12-19T12:00:00Z")
    assert (later["effect"], later["at"]) == ("auto_run", "2026-12-19T12:00:00Z")


def test_several_paths_are_one_policy_set(tmp_path: Path) -> None:
    actions = written(tmp_path, "a.gate", "package a\naction x.y { n: int }\n")
    rules = written(tmp_path, "b.gate", "package b\nrule r on x.y when action.n > 1 => auto_run\n")
    action = json.dumps({"action": "x.y", "params": {"n": 2}})
    ran = run("eval", actions, rules, "--action", "-", stdin=action)
    assert (ran.code, ran.data["effect"]) == (0, "auto_run")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (amount(75.0), "`params.amount` must be money(USD)"),
        (amount("75.00 EUR"), "`params.amount` must be money in USD"),
        (amount("-1 USD"), "`params.amount` must be > 0 USD"),
        (amount(None), "`params.amount`"),
        (json.dumps(refund(params={})), "`params.customer` is missing"),
        (json.dumps(refund(agent=3)), "`agent` must be an object"),
        (json.dumps(refund(amuont=3)), "`amuont` is no key"),
        (json.dumps(refund(target={"system": "paypal"})), "`target.system` must be `stripe`"),
        ("{}", "`action` is missing"),
        ('{"action": 3}', "`action` must be text"),
    ],
)
def test_an_action_that_does_not_fit_is_decided_and_restricted(given: str, message: str) -> None:
    ran = run("eval", REFUNDS, "--action", "-", stdin=given)
    assert ran.code == 0
    assert ran.data["effect"] == "block"
    if ran.data["rules"][0]["kind"] != "permit":  # else it was refused before it was looked at
        assert any(message in error["message"] for error in ran.data["errors"])


# --- exit code 1: the policies


def test_errors_of_the_policies_are_shown_as_by_check(tmp_path: Path) -> None:
    policy = written(tmp_path, "p.gate", NO_SUCH_FIELD)
    ran = run("eval", policy, "--action", "-", stdin="{}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == run("check", policy).err
    assert "error[GW" in ran.err


def test_a_folder_without_policies_is_an_error(tmp_path: Path) -> None:
    ran = run("eval", tmp_path, "--action", "-", stdin="{}")
    assert (ran.code, ran.out) == (1, "")


# --- exit code 2: what cannot be read


@pytest.mark.parametrize("command", [["eval", "--action", "-"], ["test"]], ids=["eval", "test"])
@pytest.mark.parametrize("name", ["more.gate", "data.json"])
def test_a_file_of_the_policies_that_is_no_text_is_refused(
    tmp_path: Path, command: list[str], name: str
) -> None:
    written(tmp_path, "p.gate", NO_SUCH_FIELD)
    written(tmp_path, name, b"\xff")
    ran = run(*command, tmp_path, stdin="{}")
    assert (ran.code, ran.out) == (2, "")
    assert f"{tmp_path / name}:1:1: error[GW0801]: byte 0 of the file is not UTF-8" in ran.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1:1: error: the text ends where a value is expected"),
        (b"   \n ", ":2:2: error: the text ends where a value is expected"),
        (b"not json", ":1:1: error: expected a value"),
        (b'{"action": "x"', ":1:1: error: the text ends before the object that begins here"),
        (b'{"action": "x"} {}', ":1:17: error: something follows the end of the value"),
        (b'{"params":\n {"a": NaN}}', ":2:8: error: `NaN` is not a number, at `params.a`"),
        (b'{"params": {"amount": Infinity}}', "is not a number, at `params.amount`"),
        (b'{"a": 1e999}', "is too large, at `a`"),
        (b'{"a": ' + b"9" * 1000 + b"}", "the number has more than 60 digits, at `a`"),
        (b'{"action": "x", "action": "y"}', ":1:17: error: the key `action` is given twice"),
        (b'{"params": {"a": 1, "a": 2}}', "the key `a` is given twice, at `params.a`"),
        (b'{"action": "\xff"}', ":1:13: error: the text is not UTF-8"),
        (b'{"action": "\\ud800"}', "a lone surrogate is no character"),
        (bytes(range(256)) * 100, "error: the text is not UTF-8"),
        (b"\x00" * 1000, ":1:1: error: expected a value"),
        (b"[" * 100_000, "nest deeper than 64 levels"),
        (b'{"params": ' + b'{"a": ' * 100_000, "nest deeper than 64 levels, at `params.a.a"),
        (b"[" + b"1," * 200_000 + b"1]", "more than 100000 values"),
        (b'{"action": "' + b"a" * MAX_BYTES + b'"}', "error: the text is longer than 10 MiB"),
        (b"[]", ":1:1: error: an action is a JSON object"),
        (b"75", ":1:1: error: an action is a JSON object"),
        (b'"billing.refund"', ":1:1: error: an action is a JSON object"),
        (b"null", ":1:1: error: an action is a JSON object"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)  # fmt: skip
def test_what_is_no_json_object_is_refused_with_its_place(
    tmp_path: Path, content: bytes, message: str
) -> None:
    action = written(tmp_path, "action.json", content)
    ran = run("eval", REFUNDS, "--action", action)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{action}:") and message in ran.err
    assert ran.err.count("\n") == 1
    piped = run("eval", REFUNDS, "--action", "-", stdin=content)
    assert piped.code == 2
    assert piped.err == ran.err.replace(str(action), "<stdin>")


@pytest.mark.parametrize(
    "given", [b"action: billing.refund\nparams: {amount: 5}\n", b"", b"// x\n{}"]
)
def test_what_was_not_meant_as_json_is_told_how_an_action_looks(
    tmp_path: Path, given: bytes
) -> None:
    ran = run("eval", REFUNDS, "--action", written(tmp_path, "action.yaml", given))
    assert ran.code == 2
    assert 'an action is a JSON object, such as `{"action": "billing.refund"' in ran.err


@pytest.mark.parametrize("option", ["--action", "--history"])
def test_json_in_the_place_of_its_file_is_told_and_not_quoted(option: str) -> None:
    given = '{"action": "billing.refund", "params": {"card": "4111"}}'
    others = () if option == "--action" else ("--action", "-")
    ran = run("eval", REFUNDS, option, given, *others, stdin="{}")
    assert ran.code == 2
    assert "name a file with the JSON, or `-` to read it from standard input" in ran.err
    assert "4111" not in ran.err


def test_a_message_does_not_quote_the_input(tmp_path: Path) -> None:
    action = written(tmp_path, "action.json", '{"params": {"card": "4111-1111", "amount": NaN}}')
    ran = run("eval", REFUNDS, "--action", action)
    assert ran.code == 2 and "4111" not in ran.err


def test_unprintable_names_are_written_out(tmp_path: Path) -> None:
    ran = run("eval", REFUNDS, "--action", "-", stdin='{"\\u001b[31m": NaN}')
    assert ran.code == 2
    assert "\x1b" not in ran.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", ":2:1: error: the text ends before the object that begins here"),
        ("[]", ":2: error: a history has one JSON object a line, not a list of them"),
        (json.dumps({**PAST, "status": "done"}), ":2: error: `status` must be one of pending"),
        (json.dumps({**PAST, "at": "yesterday"}), ":2: error: `at` cannot be used"),
        (json.dumps({k: v for k, v in PAST.items() if k != "id"}), ":2: error: `id` is missing"),
        (json.dumps({**PAST, "params": {"amount": "9 USD"}}), "`id` stands for another action"),
        (json.dumps({**PAST, "params": 3}), ":2: error: `params` must be an object"),
        ('{"params": {"amount": NaN}}', ":2:23: error: `NaN` is not a number, at `params.amount`"),
    ],
)
def test_a_bad_line_of_the_past_is_refused_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    past = written(tmp_path, "past.jsonl", f"{json.dumps(PAST)}\n{line}\n")
    ran = run("eval", REFUNDS, "--action", "-", "--history", past, stdin=amount("5 USD"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{past}:") and message in ran.err


LIST = "`jq -c '.[]'` writes it so"
OBJECT = "this one goes over several: `jq -c .` writes it so"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (json.dumps([PAST]), f":1: error: a history has one JSON object a line, not a list of them: {LIST}"),
        (json.dumps([PAST], indent=2), f":1: error: a history has one JSON object a line, not a list of them: {LIST}"),
        (json.dumps(PAST, indent=2), f":1: error: a history has one JSON object a line; {OBJECT}"),
        (f"{json.dumps(PAST)}\n\n{json.dumps(PAST, indent=2)}\n{json.dumps(PAST, indent=2)}",
         f":3: error: a history has one JSON object a line; {OBJECT}"),
        (json.dumps(PAST)[:-1], ":1:1: error: the text ends before the object that begins here"),
        (json.dumps(PAST)[:-1] + "\n}x", f":1: error: a history has one JSON object a line; {OBJECT}"),
        ('{"id":\n' * 5_000, ":1:1: error: the text ends before the object that begins here"),
    ],
)  # fmt: skip
def test_a_past_that_is_one_document_is_told_what_to_do(
    tmp_path: Path, text: str, told: str
) -> None:
    past = written(tmp_path, "past.json", text)
    ran = run("eval", REFUNDS, "--action", "-", "--history", past, stdin=amount("5 USD"))
    assert (ran.code, ran.err) == (2, f"{past}{told}\n")


def test_a_past_that_is_not_text_is_refused(tmp_path: Path) -> None:
    past = written(tmp_path, "past.jsonl", b"\xff\xfe\x00")
    ran = run("eval", REFUNDS, "--action", "-", "--history", past, stdin=amount("5 USD"))
    assert (ran.code, ran.out) == (2, "")
    assert "the text is not UTF-8" in ran.err


def test_a_past_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.cli.inputs.MAX_HISTORY_BYTES", 1024 * 1024)
    past = written(tmp_path, "past.jsonl", b"\n" * (1024 * 1024 + 1))
    ran = run("eval", REFUNDS, "--action", "-", "--history", past, stdin=amount("5 USD"))
    assert (ran.code, ran.err) == (2, f"{past}: error: the history is longer than 1 MiB\n")


def test_paths_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    for arguments in (
        (absent, "--action", "-"),
        (REFUNDS, "--action", absent),
        (REFUNDS, "--action", tmp_path),
        (REFUNDS, "--action", "-", "--history", absent),
        (REFUNDS, "--action", "-", "--history", tmp_path),
    ):
        ran = run("eval", *arguments, stdin=amount("5 USD"))
        assert (ran.code, ran.out) == (2, ""), arguments
        assert ran.err.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument"),
        ((REFUNDS,), "Missing option '--action'"),
        ((REFUNDS, "--action", "-", "--history", "-"), "only one of --action and --history"),
        ((REFUNDS, "--action", "-", "--now", "tomorrow"), "Invalid value for '--now'"),
        ((REFUNDS, "--action", "-", "--now", "2026-13-01T00:00:00Z"), "Invalid value for '--now'"),
    ],
)
def test_wrong_usage_ends_with_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    ran = run("eval", *arguments, stdin="{}")
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_the_output_is_ascii_whatever_the_values_are() -> None:
    action = refund(params={"customer": "Zoë \x1b[31m\u202e", "amount": "75 USD"})
    ran = run("eval", REFUNDS, "--action", "-", stdin=json.dumps(action))
    assert ran.out.isascii() and "\x1b" not in ran.out
    assert "Zoë" in ran.data["because"][0]


def test_numbers_that_json_lacks_become_text(tmp_path: Path) -> None:
    policy = written(
        tmp_path,
        "p.gate",
        "package p\naction x.y { d: double }\n"
        'rule r on x.y when action.d < 1.0 => auto_run because "{1.0 / action.d}"\n'
        "  obligate tell(nan: action.d / action.d, all: [1.0 / action.d, -1.0 / action.d])\n",
    )
    ran = run("eval", policy, "--action", "-", stdin='{"action": "x.y", "params": {"d": 0.0}}')
    assert ran.code == 0
    (obligation,) = ran.data["obligations"]
    assert obligation["args"] == {
        "nan": 'double("NaN")',
        "all": ['double("Infinity")', 'double("-Infinity")'],
    }


def test_a_misspelt_action_is_noted() -> None:
    ran = run("eval", REFUNDS, "--action", "-", stdin=json.dumps(refund(action="billing.refnd")))
    assert ran.code == 0
    assert ran.err == (
        "note: no action `billing.refnd` is declared: did you mean `billing.refund`?\n"
    )
