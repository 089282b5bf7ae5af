"""Strict JSON: what is read, what is refused, and where the refusal points."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.canonical import exact_json
from gatewright.engine.reading import json_text
from gatewright.engine.reading.json_text import MAX_BYTES, MAX_DEPTH, Json, JsonNumber, read_json
from gatewright.engine.reading.problems import ActionError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**59), 10**59)
    | st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_the_standard_library_writes_is_read(data: Json) -> None:
    for ascii_only in (True, False):
        for indent in (None, 2):
            text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
            assert read_json(text) == data
            assert read_json(text.encode()) == data


@given(JSON)
def test_numbers_keep_their_spelling(data: Json) -> None:
    text = json.dumps(data, ensure_ascii=False)
    assert exact_json(read_json(text)) == text


def outcome(text: str | bytes) -> Json | ActionError:
    """Read, or return the error; anything else that is raised fails the test."""
    try:
        return read_json(text)
    except ActionError as error:
        assert error.message
        assert str(error)
        return error


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    outcome(data)


@given(st.text(alphabet='{}[]",:\\u0123456789dDeE+-. \n\tabfnrtlsNI\ufeff\ud800\udc00é'))
def test_any_text_that_looks_like_json_is_read_or_refused(text: str) -> None:
    found = outcome(text)
    if not isinstance(found, ActionError):
        assert json.loads(text.removeprefix("\ufeff")) == found


def told(found: Json | ActionError) -> str:
    """Tell what was read, with its spelling, or what was wrong."""
    return str(found.message) if isinstance(found, ActionError) else exact_json(found)


# Such texts are read by two parsers: plain ones by that of the standard library.
def slowly(text: str) -> Json | ActionError:
    """Read by the parser that says what is wrong, also what the other one can read."""

    def not_plain(_: str) -> Json:
        raise ValueError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_read_plain", not_plain)
        return outcome(text)


NOISE = st.text(alphabet='{}[]",:\\u0123456789dDeE+-. \n\té', max_size=12)
OBJECTS = st.recursive(
    st.just(0) | st.sampled_from(['"', "\\", '\\"', "a", "\U0001f600"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(['"', "\\", "a", "é"]), inner),
    max_leaves=8,
)


@given(JSON | OBJECTS, NOISE, st.integers(0, 100), st.booleans())
def test_both_parsers_read_alike(data: Json, noise: str, at: int, ascii_only: bool) -> None:
    plain = json.dumps(data, ensure_ascii=ascii_only)
    for text in (plain, plain[:at] + noise + plain[at:], noise):
        assert told(outcome(text)) == told(slowly(text))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", '"', "\\", ""]), OBJECTS), max_size=5))
def test_a_key_given_twice_is_found(pairs: list[tuple[str, Json]]) -> None:
    entries = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs)
    for text in (f"{{{entries}}}", f'[{{"x": {{{entries}}}}}]'):
        found = outcome(text)
        assert told(found) == told(slowly(text))
        is_twice = len({key for key, _ in pairs}) < len(pairs)
        assert isinstance(found, ActionError) is is_twice


def deep(levels: int, inner: str) -> str:
    return "[" * levels + inner + "]" * levels


@pytest.mark.parametrize("inner", ["", "1", '"["', '{"a": 1}'])
@pytest.mark.parametrize("levels", [MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 2000])
def test_both_parsers_count_levels_alike(levels: int, inner: str) -> None:
    for text in (deep(levels, inner), f"[{'[], ' * 99}{deep(levels - 1, inner)}]"):
        assert told(outcome(text)) == told(slowly(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "M\\u00fcller", "quote": "\\"\\\\", "tab": "\\t"}',
        "[" + '{"a": ["x", {}]}, ' * 99 + "[]]",
    ],
)
def test_escapes_and_many_objects_are_read_fast(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(json_text, "_Reader")
        assert read_json(text) == json.loads(text)


def test_plain_texts_keep_every_rule() -> None:
    for text in (
        '{"a":1,"a":1}',
        r'{"a":1,"\u0061":1}',
        r'"\ud800"',
        "[NaN]",
        "[1e400]",
        "9" * 61,
        "1." + "0" * 61,
        "[" * 65,
        "1 1",
    ):
        assert told(outcome(text)) == told(slowly(text))
        assert isinstance(outcome(text), ActionError)


@given(st.text(alphabet='{}[]",:\\u01dDcC89 "tfn', max_size=30), JSON)
def test_broken_json_points_into_the_text(noise: str, data: Json) -> None:
    text = json.dumps(data)
    found = outcome(text[: len(text) // 2] + noise + text[len(text) // 2 :])
    if isinstance(found, ActionError):
        assert found.line is not None
        assert found.column is not None
        assert found.line >= 1
        assert found.column >= 1


@pytest.mark.parametrize(
    ("text", "message", "path", "column"),
    [
        ("", "the text ends where a value is expected", "", 1),
        ("[1,]", "expected a value", "[1]", 4),
        ("[1 2]", "expected `,` or `]`", "[1]", 4),
        ('{"a":1', "the text ends before the object that begins here", "", 1),
        ('{"a": [1, {"b": 2}, ', "the text ends before the list that begins here", "a", 7),
        ('[{"b": 2}, {"c"', "the text ends before the object that begins here", "[1]", 12),
        ('[{"b": {', "the text ends before the object that begins here", "[0].b", 8),
        ('{"a" 1}', "expected `:` after the key", "a", 6),
        ("{a:1}", "expected a key in double quotes", "", 2),
        ('{"a":1,}', "expected a key in double quotes", "a", 8),
        ('{"p":{"a":1,"a":2}}', "the key `a` is given twice", "p.a", 13),
        ('{"a b":NaN}', "`NaN` is not a number", '["a b"]', 8),
        ("[-Infinity]", "`-Infinity` is not a number", "[0]", 2),
        ("[nul]", "expected a value", "[0]", 2),
        ("01", "something follows the end of the value", "", 2),
        ("1 true", "something follows the end of the value", "", 3),
        ("1" * 61, "the number has more than 60 digits", "", 1),
        ("0." + "1" * 61, "the number has more than 60 digits", "", 1),
        ("1e1000000", "the exponent of the number is too large", "", 1),
        ("1e" + "9" * 5000, "the exponent of the number is too large", "", 1),
        ("1e400", "the number is beyond what a double can hold", "", 1),
        ("[-1e399]", "the number is beyond what a double can hold", "[0]", 2),
        ("1e-399", "the number is beyond what a double can hold", "", 1),
        ('"a', "the string does not end on its line", "", 1),
        ('{"a": "b\n"}', "the string does not end on its line", "a", 7),
        ('["a\tb"]', "a control character in a string is written as an escape: `\\t`", "[0]", 4),
        (r'["a\nb\x"]', "JSON has no such escape; a backslash is written twice", "[0]", 7),
        (r'["\u12"]', "JSON has no such escape; a backslash is written twice", "[0]", 3),
        (r'"ab\ud800"', "a lone surrogate is no character", "", 4),
        (r'"\ud83d\ude00 \\ud800 \\\ud800"', "a lone surrogate is no character", "", 25),
        (r'"\udc00\ud800"', "a lone surrogate is no character", "", 2),
        ('"\ud800"', "a lone surrogate is no character", "", 2),
    ],
)
def test_what_is_refused_and_where(text: str, message: str, path: str, column: int) -> None:
    with pytest.raises(ActionError) as raised:
        read_json(text)
    error = raised.value
    assert (error.message, error.path, error.line, error.column) == (message, path, 1, column)


def test_lines_are_counted() -> None:
    with pytest.raises(ActionError) as raised:
        read_json('{\n  "a": [\n    1,\n    tru\n]}')
    assert str(raised.value) == "line 4, column 5: expected a value"
    assert raised.value.path == "a[1]"


def test_bytes_must_be_utf_8() -> None:
    with pytest.raises(ActionError) as raised:
        read_json(b'{"a":\n "\xc3\xa9\xff"}')
    assert str(raised.value) == "line 2, column 4: the text is not UTF-8"


@pytest.mark.parametrize("text", ["\ufeff[1]", b"\xef\xbb\xbf[1]", " [ 1 ]\r\n"])
def test_a_byte_order_mark_and_space_are_skipped(text: str | bytes) -> None:
    assert read_json(text) == [1]


@pytest.mark.parametrize("unit", ["[", '{"a":'])
def test_depth_is_limited_without_recursion(unit: str) -> None:
    closing = "]" if unit == "[" else "}"
    assert read_json(unit * (MAX_DEPTH - 1) + "[]" + closing * (MAX_DEPTH - 1))
    for depth in (MAX_DEPTH, 100_000):
        with pytest.raises(ActionError, match="nest deeper than 64 levels"):
            read_json(unit * depth + "[]" + closing * depth)


@pytest.mark.parametrize("text", ["9" * (MAX_BYTES + 1), b" " * (MAX_BYTES + 1), "é" * 6_000_000])
def test_size_is_limited(text: str | bytes) -> None:
    with pytest.raises(ActionError, match="longer than 10 MiB"):
        read_json(text)


def test_the_number_of_values_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "MAX_VALUES", 3)
    long = " " * 64_001
    assert read_json(long + "[1,2]") == [1, 2]
    with pytest.raises(ActionError, match="more than 3 values"):
        read_json(long + "[1,2,3]")


def test_escapes_of_json_are_read() -> None:
    text = r'"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"'
    assert read_json(text) == '"\\/\b\f\n\r\té😀'


def test_integers_are_exact_and_other_numbers_remember() -> None:
    assert read_json("9007199254740993") == 9007199254740993
    number = read_json("50.10")
    assert isinstance(number, JsonNumber)
    assert (number.text, number.exact) == ("50.10", Decimal("50.10"))
    for copied in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):  # noqa: S301
        assert copied.text == "50.10"


def test_an_error_survives_pickling() -> None:
    error = ActionError("bad", "a.b", 1, 2)
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(copied), copied.path) == ("line 1, column 2: bad", "a.b")
