"""Whatever a file holds, it is a bundle as it was written, or it is refused in one sentence."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.dsl.ast import NullLiteral, Unary
from gatewright.engine.bundle import container as container_module
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.bundled import BundledPolicy
from gatewright.engine.bundle.checking import check_bundle
from gatewright.engine.bundle.container import Manifest, manifest_of, pack, unpack
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.load import from_bytes
from gatewright.engine.bundle.schema import COUNT, FINGERPRINT, number_of
from gatewright.engine.bundle.write import sections_of
from tests.engine.bundle.support import bundled, checked

POLICY = checked()
CONTENT = build(POLICY, number=3, made_by="1.0")
SECTIONS = sections_of(POLICY)
ACTIONS = [
    {
        "action": name,
        "params": {"n": n, "amount": "20 USD"},
        "agent": {"id": "bot", "owner": "ann"},
        "at": "2026-06-15T12:00:00Z",
    }
    for name in (*POLICY.actions, "ext.thing")
    for n in (1, 60, 200)
]


def decisions(content: bytes) -> list[dict[str, Any]]:
    found = from_bytes(content)
    return [found.evaluate(action).to_dict() for action in ACTIONS]


EXPECTED = decisions(CONTENT)


def error(content: bytes) -> str:
    with pytest.raises(BundleError) as caught:
        check_bundle(from_bytes(content).bundled)
    return caught.value.why


def with_sections(**changed: bytes | None) -> bytes:
    """A bundle with some sections changed or left out, and every hash right."""
    sections = {n: s for n, s in {**SECTIONS, **changed}.items() if s is not None}
    about = Manifest(POLICY.digest, FINGERPRINT, "1.0", 3)
    return pack(manifest_of(about, sections), sections)


def with_manifest(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A bundle with another manifest, and the head's hash right."""
    manifest = json.loads(unpack(CONTENT).manifest_bytes)
    change(manifest)
    text = json.dumps(manifest, separators=(",", ":"), sort_keys=True).encode()
    return pack(text, SECTIONS)


@settings(max_examples=300)
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_changed_byte_is_an_error_or_nothing(place: int, flipped: int) -> None:
    changed = bytearray(CONTENT)
    changed[place] ^= flipped
    with pytest.raises(BundleError):
        decisions(bytes(changed))


@settings(max_examples=100)
@given(st.integers(0, len(CONTENT) - 1))
def test_a_cut_bundle_is_an_error(length: int) -> None:
    with pytest.raises(BundleError):
        from_bytes(CONTENT[:length])


@settings(max_examples=100)
@given(st.integers(0, len(CONTENT)), st.binary(min_size=1, max_size=20))
def test_inserted_bytes_are_an_error(place: int, more: bytes) -> None:
    with pytest.raises(BundleError):
        from_bytes(CONTENT[:place] + more + CONTENT[place:])


@pytest.mark.parametrize("section", sorted(SECTIONS))
@settings(max_examples=150)
@given(data=st.data())
def test_content_with_right_hashes_is_judged_too(section: str, data: st.DataObject) -> None:
    """Whoever can write hashes can write anything; it must still be a policy set or an error.

    What passes the check decides and explains, whatever it says.
    """
    content = bytearray(SECTIONS[section])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    changed = with_sections(**{section: bytes(content)})
    try:
        check_bundle(BundledPolicy(unpack(changed)))
    except BundleError:
        return
    assert len(decisions(changed)) == len(EXPECTED)


@pytest.mark.parametrize("place", ["sources", "data", "index", "offsets", "units"])
def test_a_missing_section_is_named(place: str) -> None:
    assert error(with_sections(**{place: None})) == f"the bundle has no section `{place}`"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "this is no bundle of policies"),
        (b"package shop\n", "this is no bundle of policies"),
        (b"gatewright bundle 2\n", "the bundle has format 2; this version reads format 1"),
        (b"gatewright bundle x\n", "the head of the bundle is damaged"),
        (b"gatewright bundle 1\n", "the head of the bundle is damaged"),
        (
            b"gatewright bundle 1\n99999999 99999999 " + b"0" * 64 + b"\n",
            "the head of the bundle is too long",
        ),
        (CONTENT + b"x", "there is something after the last section of the bundle"),
        (CONTENT[:-1], "the section `units` of the bundle is not where it should be"),
        (with_sections(data=b"[]"), "the data of the bundle are malformed"),
        (with_sections(data=b'{"limit":4}'), "the bundle's digest is not that of its sources and data"),
        (with_sections(sources=b"[[1]]"), "the sources of the bundle are malformed"),
        (with_sections(sources=b"[" * 100_000), "the sources of the bundle cannot be read"),
        (with_sections(index=b"{}"), "the index of the bundle is malformed"),
        (with_sections(index=b"NaN"), "the index of the bundle cannot be read"),
        (with_sections(offsets=b""), "the index of the bundle is malformed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(content: bytes, expected: str) -> None:
    assert error(content) == expected


def _set(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest.update({key: value})


def _twice(manifest: dict[str, Any]) -> None:
    manifest["sections"].append(manifest["sections"][0])


def _backwards(manifest: dict[str, Any]) -> None:
    manifest["sections"].reverse()


def _section(**changed: object) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest["sections"][0].update(changed)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set("format", 2), "malformed"),
        (_set("format", True), "malformed"),
        (_set("more", 1), "malformed"),
        (_set("version", "3"), "malformed"),
        (_set("version", -1), "malformed"),
        (_set("version", True), "malformed"),
        (_set("digest", "sha256:0"), "malformed"),
        (_set("sections", {}), "malformed"),
        (_set("sections", [1]), "malformed"),
        (_set("sections", []), "after the last section"),
        (_set("schema", "0" * 64), "by another version of gatewright, 1.0; build it again"),
        (_twice, "has two sections `data`"),
        (_backwards, "is not where it should be"),
        (_section(length=10_000_000_000), "is not where it should be"),
        (_section(length=-1), "malformed"),
        (_section(length=True), "malformed"),
        (_section(offset=1), "is not where it should be"),
        (_section(sha256="0" * 64), "is damaged"),
        (_section(name="../etc"), "malformed"),
        (_section(more=1), "malformed"),
    ],
)
def test_a_hostile_manifest_is_refused(
    change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    assert expected in error(with_manifest(change))


def test_a_manifest_is_written_in_one_way_only() -> None:
    manifest = unpack(CONTENT).manifest_bytes
    twice = manifest.replace(b'{"digest"', b'{"version":1,"digest"', 1)
    for text in (twice, b" " + manifest, manifest + b"\n"):
        assert error(pack(text, SECTIONS)) == "the manifest of the bundle is malformed"


@pytest.mark.parametrize("raw", [b"{}", b"[1]", b'[{"key":"a"}]', b'[{"key":1,"signature":"a"}]'])
def test_malformed_signatures_are_refused(raw: bytes) -> None:
    manifest = unpack(CONTENT).manifest_bytes
    sha256 = hashlib.sha256(raw + manifest).hexdigest()
    head = f"gatewright bundle 1\n{len(raw):08d} {len(manifest):08d} {sha256}\n".encode()
    body = b"".join(SECTIONS[name] for name in sorted(SECTIONS))
    assert error(head + raw + manifest + body) == "the signatures of the bundle are malformed"


def units_with(change: Callable[[list[Any]], object], kind: str = "rules") -> bytes:
    """A bundle whose first rule (or other declaration) is changed as JSON."""
    counts: Mapping[str, int] = json.loads(SECTIONS["index"])["counts"]
    order = [
        "packages", "actions", "routes", "defaults", "on_errors", "permits", "risks", "rules",
        "exceptions", "invariants", "tests", "heads", "files",
    ]  # fmt: skip
    number = sum(counts[k] for k in order[: order.index(kind)])
    offsets = memoryview(SECTIONS["offsets"]).cast("Q")
    units = [SECTIONS["units"][a:b] for a, b in pairwise(offsets)]
    raw = json.loads(units[number])
    change(raw)
    units[number] = json.dumps(raw, separators=(",", ":")).encode()
    ends = [0]
    for unit in units:
        ends.append(ends[-1] + len(unit))
    packed = b"".join(end.to_bytes(8, "little") for end in ends)
    return with_sections(units=b"".join(units), offsets=packed)


def _replace(place: int, value: object) -> Callable[[list[Any]], object]:
    def change(raw: list[Any]) -> None:
        raw[2][place] = value

    return change


def _fields_more(raw: list[Any]) -> None:
    raw[2].append(1)


def _fields_less(raw: list[Any]) -> None:
    raw[2].pop()


def _more(raw: list[Any]) -> None:
    raw.append(1)


def _other_source(raw: list[Any]) -> None:
    raw[0] = 99


def _nothing(raw: list[Any]) -> None:
    raw[2] = None


MALFORMED = "a declaration in the bundle is malformed"


@pytest.mark.parametrize(
    "change",
    [
        _replace(0, COUNT),
        _replace(0, -1),
        _replace(0, "Rule"),
        _replace(0, True),
        _replace(1, 5),
        _replace(3, "guardian"),
        _replace(3, ["rule"]),
        _replace(4, 0),
        _replace(5, {}),
        _replace(8, 1),
        _replace(9, 99_999),
        _replace(9, -1),
        _replace(10, [0]),
        _replace(10, [10**9, 1]),
        _replace(10, [0, -1]),
        _replace(10, [99, 0, 0]),
        _replace(10, [0, "1"]),
        _fields_more,
        _fields_less,
        _more,
        _other_source,
        _nothing,
    ],
)
def test_a_declaration_of_another_form_is_refused(change: Callable[[list[Any]], object]) -> None:
    assert error(units_with(change)) == MALFORMED


@pytest.fixture
def usual_stack() -> Iterator[None]:
    """Whoever ran before may have left the host a deeper stack than it usually has."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)


def test_what_is_nested_too_deeply_is_refused(usual_stack: None) -> None:
    """As deep as JSON can be read, and deeper than the host's stack lets objects be made."""
    nots: Any = [number_of(NullLiteral), [0, 0]]
    for _ in range(400):
        nots = [number_of(Unary), [0, 0], "!", nots]

    def change(raw: list[Any]) -> None:
        raw[2][3] = nots  # the condition of a permit

    expected = "a declaration in the bundle is nested too deeply"
    assert error(units_with(change, "permits")) == expected
    assert error(with_sections(data=b'{"a":' + b"[" * 600 + b"]" * 600 + b"}")) in (
        "the data of the bundle are malformed", "the data of the bundle cannot be read",
        "the bundle's digest is not that of its sources and data",
    )  # fmt: skip


def test_a_decision_by_a_malformed_declaration_is_no_decision() -> None:
    found = from_bytes(units_with(_replace(3, "guardian")))
    with pytest.raises(BundleError, match=MALFORMED):
        found.evaluate(ACTIONS[0])


def test_declarations_of_files_must_be_rules_tests_or_invariants() -> None:
    def change(raw: list[Any]) -> None:
        raw[2][1].append(0)

    assert error(units_with(change, "files")) == MALFORMED


def test_an_index_that_leaves_out_a_guard_does_not_pass_the_check() -> None:
    index = json.loads(SECTIONS["index"])
    index["covers"]["rules"]["prefixes"] = {}
    text = json.dumps(index, separators=(",", ":"), sort_keys=True).encode()
    assert error(with_sections(index=text)).startswith("the bundle does not hold one policy set")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("counts", "rules"), -1),
        (("counts", "rules"), True),
        (("counts", "more"), 1),
        (("names", "actions"), ["a"]),
        (("names", "actions"), 1),
        (("covers", "rules"), {}),
        (("covers", "rules", "names"), []),
        (("covers", "rules", "names"), {"shop.refund": 1}),
        (("covers", "rules", "names"), {"shop.refund": [99]}),
        (("covers", "rules", "names"), {"shop.refund": [-1]}),
        (("covers", "rules", "names"), {"shop.refund": [1, 1]}),
        (("covers", "rules", "names"), {"shop.refund": ["1"]}),
        (("suspensions",), []),
        (("secrets",), {}),
        (("secrets",), [1]),
    ],
)
def test_a_malformed_index_is_refused_at_once(path: tuple[str, ...], value: object) -> None:
    index = json.loads(SECTIONS["index"])
    part = index
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(BundleError, match="the index of the bundle is malformed"):
        bundled(with_sections(index=json.dumps(index).encode()))


def test_no_more_is_read_than_a_bundle_may_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from gatewright.engine.bundle import load as load_module

    monkeypatch.setattr(load_module, "MAX_BUNDLE_BYTES", 100)
    path = tmp_path / "x.gwb"
    path.write_bytes(CONTENT)
    with pytest.raises(BundleError, match="longer than"):
        load_module.load_bundle(path)
    assert len(CONTENT) < container_module.MAX_BUNDLE_BYTES
