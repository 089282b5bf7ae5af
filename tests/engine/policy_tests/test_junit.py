from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.decision import Place
from gatewright.engine.policy_tests.junit import Timed, to_junit
from gatewright.engine.policy_tests.run import TestResult

AT = Place("a.gate", 3, 6)


def read(*timed: Timed) -> ElementTree.Element:
    return ElementTree.fromstring(to_junit(timed))  # noqa: S314 - our own text


def test_a_suite_for_each_package_and_a_case_for_each_result() -> None:
    root = read(
        Timed(TestResult("one", "a", AT, True), 0.25),
        Timed(TestResult("two", "b", AT, True)),
        Timed(TestResult("three", "a", AT, False, "expected x", "a.gate:3:6\n  more"), 0.5),
    )
    assert root.attrib == {
        "tests": "3", "failures": "1", "errors": "0", "skipped": "0", "time": "0.750",
    }  # fmt: skip
    first, second = root
    assert first.attrib["name"] == "a"
    assert (first.attrib["tests"], first.attrib["failures"]) == ("2", "1")
    assert second.attrib["name"] == "b"
    one, three = first
    assert one.attrib == {
        "classname": "a", "name": "one", "file": "a.gate", "line": "3", "time": "0.250",
    }  # fmt: skip
    assert list(one) == []
    (failure,) = three
    assert failure.attrib == {"message": "expected x"}
    assert failure.text == "a.gate:3:6\n  more"


def test_no_results_are_an_empty_report() -> None:
    assert read().attrib["tests"] == "0"


def test_what_xml_cannot_hold_is_written_out() -> None:
    root = read(Timed(TestResult("a\x07b", "p", AT, False, "r\x00", "m\x1b[31m\ufffe\ud800")))
    case = root[0][0]
    assert case.attrib["name"] == "a<U+0007>b"
    assert case[0].text == "m<U+001B>[31m<U+FFFE><U+D800>"


@given(st.text(st.characters()))
def test_any_text_gives_xml_that_can_be_read(text: str) -> None:
    root = read(Timed(TestResult(text, text, AT, False, text, text)))
    to_junit([Timed(TestResult(text, text, AT, False, text, text))]).encode("utf-8")
    assert len(root) == 1
