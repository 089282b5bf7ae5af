"""Mistakes in calling the API: each is refused where it is made, and says what is wanted."""

from __future__ import annotations

import copy
import importlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import gatewright as gw
from gatewright.dsl.diagnostics import Unreadable

api: Any = gw
testing: Any = importlib.import_module("gatewright.testing")
POLICY = gw.load_source(
    'package a\naction x.y { n: int }\nrule r on x.y when data.secret == "hush" => auto_run',
    data={"secret": "hush"},
)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: api.load(), '`load` takes paths, such as gw.load("policies/")'),
        (lambda: api.load(["a", "b"]), 'paths one by one, as gw.load("a", "b"), not a list'),
        (lambda: api.load(None), "not a NoneType"),
        (lambda: api.load("package a\naction x.y { }"), "`load_source` what is in them"),
        (lambda: api.load_source(io.StringIO("package a")), "`load` takes the paths of files"),
        (lambda: api.load_source(Path("a.gate")), "`load` takes the paths of files"),
        (lambda: api.evaluate({"action": "x.y"}, POLICY), "a policy set, then an action, not a dict"),
        (lambda: api.History("past.jsonl"), "takes a list of past actions, not a str; `gw.History.from_jsonl`"),
        (lambda: api.History({"id": "a-1"}), "takes a list of past actions, not a dict"),
        (lambda: api.History(Path("past.jsonl")), "reads JSON lines"),
        (lambda: api.History.from_jsonl([{"id": "a-1"}]), "not a list; `gw.History([...])` takes past actions"),
        (lambda: api.History.from_jsonl(None), "takes a `Path`, or the text of JSON lines, not a NoneType"),
        (lambda: api.History.from_jsonl(io.StringIO("")), "not a StringIO"),
        (lambda: api.Action.from_json({"action": "x.y"}), "a JSON text, not a dict: `from_dict` takes"),
        (lambda: api.Action.from_json(Path("a.json")), "a file is read by `path.read_text()`"),
        (lambda: testing.actions("policies/"), 'such as gw.load("policies/"), not a str'),
        (lambda: testing.bad_actions("policies/"), 'such as gw.load("policies/"), not a str'),
        (lambda: testing.histories("policies/"), 'such as gw.load("policies/"), not a str'),
    ],
)  # fmt: skip
def test_arguments_of_another_kind(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as error:
        call()
    assert message in str(error.value)


@pytest.mark.parametrize("now", ["2026-12-02T00:00:00Z", "", 0, datetime(2026, 12, 2, tzinfo=UTC)])
@pytest.mark.parametrize("method", ["evaluate", "decide_once", "outcome"])
@pytest.mark.parametrize("given", [{"action": "x.y", "params": {"n": 1}}, {"action": "x.y"}])
def test_an_instant_of_another_kind(now: Any, method: str, given: dict[str, Any]) -> None:
    for action in (given, gw.Action.from_dict(given)):
        for _ in range(3):  # interpreted at first, compiled then
            with pytest.raises(
                TypeError, match=r"gw\.Timestamp\.parse.*, not a (str|int|datetime)"
            ):
                getattr(POLICY, method)(action, now=now)


PATHS = [
    "p.gate", "policies/", "./my policies/refund.gate\n", "/srv/policies", "C:\\policies\\p.gate",
]  # fmt: skip


@pytest.mark.parametrize("text", PATHS)
def test_a_path_in_the_place_of_a_text_is_told(text: str) -> None:
    with pytest.raises(
        gw.PolicyError, match="a policy file begins with its package, and this is a path"
    ) as error:
        gw.load_source(text)
    (told,) = error.value.diagnostics
    assert told.help == "`load` takes the paths of files, `load_source` what is in them"


def test_the_text_of_an_action_is_decided_and_told() -> None:
    decision = api.evaluate(POLICY, '{"action": "x.y", "params": {"n": 1}}')
    assert decision.effect is gw.Effect.BLOCK
    assert decision.errors[0].message == (
        "the action must be an object with keys such as action, params, agent;"
        " this is a text: read its JSON first, as with `json.loads`"
    )


ADVICE = "; the text is JSON lines itself, and a file is given as a `Path`"


@pytest.mark.parametrize("text", ["past.jsonl", "./past\n", "/srv/past", "C:\\past", b"past.jsonl"])
def test_a_path_in_the_place_of_json_lines_is_told(text: str | bytes) -> None:
    with pytest.raises(gw.ActionError) as error:
        gw.History.from_jsonl(text)
    assert str(error.value).endswith(ADVICE)


@pytest.mark.parametrize(
    "text", ["nonsense", '{"id": "a/b"', "a/b\nc", "[1.5]", '"a.b"', "/" * 1_001]
)
def test_json_lines_that_are_wrong_are_no_path(text: str) -> None:
    with pytest.raises(gw.ActionError) as error:
        gw.History.from_jsonl(text)
    assert not str(error.value).endswith(ADVICE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "// a/b",
        "/* a/b",
        "a/b\nc",
        'let x = "a/b"',
        "let a = {1: 4/2}",
        "\n// p.gate",
    ],
)
def test_a_text_without_a_package_is_no_path(text: str) -> None:
    with pytest.raises(gw.PolicyError) as error:
        gw.load_source(text)
    assert not any("path" in diagnostic.message for diagnostic in error.value.diagnostics)


def test_a_bundle_that_is_not_there_is_said_not_to_be_there() -> None:
    with pytest.raises(gw.BundleError, match=r"nowhere\.gwb: there is no such file"):
        gw.load("nowhere.gwb", keys=["release.pub.pem"])


def test_a_policy_set_shows_its_digest_and_none_of_its_data() -> None:
    assert repr(POLICY) == f"PolicySet('{POLICY.digest}')"


def test_a_misspelt_name_is_told_with_the_module() -> None:
    # With it Python adds: Did you mean: 'evaluate'?
    with pytest.raises(AttributeError, match="no attribute 'evalute'") as error:
        _ = api.evalute
    assert (error.value.name, error.value.obj) == ("evalute", gw)


@pytest.mark.parametrize(
    "error",
    [Unreadable("a", "is away"), gw.BundleError("is cut short", "a.gwb"), gw.BundleError("why")],
)
def test_errors_are_copied_whole_as_into_another_process(error: Exception) -> None:
    again: object = copy.copy(error)
    assert (type(again), str(again), repr(again)) == (type(error), str(error), repr(error))


def test_diagnostics_are_copied_with_their_error() -> None:
    with pytest.raises(gw.PolicyError) as error:
        gw.load_source("nonsense")
    again = copy.copy(error.value)
    assert again.diagnostics == error.value.diagnostics
