"""What comes out of a bundle is what went in, and the same sources give the same bytes."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import policy as policy_module
from gatewright.dsl.ast import base, bodies, declarations, expressions, parts, policy_tests
from gatewright.dsl.load import check_paths, check_sources
from gatewright.dsl.source import Source, Span
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.checking import check_bundle
from gatewright.engine.bundle.container import Manifest, manifest_of, pack
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.bundle.schema import FINGERPRINT, class_of, held_fields, number_of
from gatewright.engine.bundle.write import sections_of
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.narrow import Narrowing
from gatewright.engine.secrecy.secrets import Secrets
from tests.conftest import ROOT
from tests.engine.bundle.support import (
    DATA,
    OTHER,
    POLICY,
    bundled,
    checked,
    digests_by_hash_seed,
    plain,
    round_trip,
)
from tests.properties.support import decide, examples, loaded
from tests.strategies.policies import GeneratedSet, policy_sets

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())


def test_the_whole_policy_comes_back() -> None:
    policy = checked()
    found = round_trip(policy)
    assert plain(found.whole) == plain(policy)
    assert found.digest == policy.digest
    check_bundle(found)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_come_back(name: str) -> None:
    policy, _ = check_paths([ROOT / "examples" / name])
    assert policy is not None
    found = round_trip(policy)
    assert plain(found.whole) == plain(policy)
    check_bundle(found)


def test_declarations_are_shared_with_their_files() -> None:
    whole = round_trip(checked()).whole
    held = {id(declaration) for file in whole.files for declaration in file.declarations}
    assert {id(rule.declaration) for rule in whole.rules} <= held
    assert {id(test.declaration) for test in whole.tests} <= held
    ladder = next(rule for rule in whole.rules if rule.name == "ladder")
    assert isinstance(ladder.declaration.body, bodies.Tier)
    assert ladder.scope.patterns[0] is ladder.declaration.on[0]


def test_a_part_is_the_part_of_the_whole() -> None:
    policy = checked()
    narrowing, found = Narrowing(policy), round_trip(policy)
    for action in (*policy.actions, "ext.thing", "shop.other", "shop", ""):
        expected, part = narrowing.of(action), found.narrowed(action)
        for kind in (
            "defaults",
            "on_errors",
            "permits",
            "risks",
            "rules",
            "exceptions",
            "invariants",
        ):
            assert plain(getattr(part, kind)) == plain(getattr(expected, kind)), (action, kind)
        for kind in ("packages", "actions", "routes", "data", "digest", "tests"):
            assert plain(getattr(part, kind)) == plain(getattr(expected, kind)), (action, kind)
        assert found.narrowed(action) is part


def test_only_what_concerns_the_action_is_read() -> None:
    """A rule about another action is malformed behind right hashes: nobody looks at it."""
    found = checked()
    sections = sections_of(found)
    assert b'"cancel"' in sections["units"]
    sections["units"] = sections["units"].replace(
        b'"cancel","shop","rule"', b'"cancel","shop","rulE"'
    )
    about = Manifest(found.digest, FINGERPRINT, "1", None)
    bundle = bundled(pack(manifest_of(about, sections), sections))
    assert [rule.name for rule in bundle.narrowed("crm.move").rules] == [
        "outside", "small", "everywhere",
    ]  # fmt: skip
    for _ in range(2):
        with pytest.raises(BundleError, match="malformed"):
            bundle.narrowed("shop.order.cancel")
    with pytest.raises(BundleError, match="malformed"):
        _ = bundle.whole


def test_what_is_secret_is_known_without_reading_all() -> None:
    policy = checked()
    assert round_trip(policy).secrets == Secrets.of(policy).fields
    assert Secrets.of(policy).fields == {"card"}


def test_places_and_texts_of_explanations_stay() -> None:
    policy = checked()
    action = {
        "action": "shop.refund",
        "params": {"n": 1, "amount": "20 USD"},
        "agent": {"id": "bot", "owner": "ann"},
        "at": "2026-06-15T12:00:00Z",
    }
    first = PolicySet(policy).evaluate(action)
    second = BundledSet(round_trip(policy)).evaluate(action)
    assert str(second.explain()) == str(first.explain())
    assert second.to_dict() == first.to_dict()
    assert "shop.gate:17:6" in str(second.explain())


@examples(0.6)
@given(policy_sets())
def test_a_bundle_decides_and_explains_as_its_sources(made: GeneratedSet) -> None:
    source = loaded(made)
    bundle = BundledSet(round_trip(source.policy))
    for action in made.actions:
        first, second = decide(source, made, action), decide(bundle, made, action)
        assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
        assert str(first.explain()) == str(second.explain())
    assert plain(bundle.policy) == plain(source.policy)


@examples(0.4)
@given(policy_sets(), st.randoms(use_true_random=False))
def test_the_order_of_files_has_no_bytes(made: GeneratedSet, random: Random) -> None:
    texts = [Source(name, text) for name, text in made.files]
    mixed = random.sample(texts, len(texts))
    first, _ = check_sources(texts, made.data)
    second, _ = check_sources(mixed, made.data)
    assert first is not None and second is not None
    assert build(first) == build(second)


def test_the_hash_seed_has_no_bytes() -> None:
    digests = digests_by_hash_seed(
        "from tests.engine.bundle.support import checked;"
        "from gatewright.engine.bundle.build import build",
        "build(checked())",
    )
    assert len(digests) == 1


def test_further_sections_are_kept_and_handed_back() -> None:
    content = build(checked(), sections={"compiled": b"\x00\xff"})
    assert bundled(content).sections == {"compiled": b"\x00\xff"}
    with pytest.raises(ValueError, match="the section `units` is taken"):
        build(checked(), sections={"units": b""})
    with pytest.raises(ValueError, match="no name of a section"):
        build(checked(), sections={"../x": b""})


def test_a_version_is_part_of_the_bundle() -> None:
    assert bundled(build(checked(), number=7, made_by="9.9")).manifest.version == 7
    assert bundled(build(checked(), made_by="9.9")).manifest.gatewright == "9.9"


@pytest.mark.parametrize(
    "module", [base, bodies, declarations, expressions, parts, policy_tests, policy_module]
)
def test_every_class_and_field_is_in_the_table(module: object) -> None:
    """A class that the table lacks could not be written; a field would be lost."""
    held = {
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and is_dataclass(value)
        and value is not policy_module.CheckedPolicy
    }
    for cls in held - {Span}:
        assert class_of(number_of(cls)) is cls
        assert [f.name for f in fields(cls) if f.init] == [f.name for f in held_fields(cls)]


def test_the_support_policy_has_every_kind() -> None:
    policy = checked((("shop.gate", POLICY), ("crm.gate", OTHER)), DATA)
    kinds = (
        "defaults",
        "on_errors",
        "permits",
        "risks",
        "rules",
        "exceptions",
        "invariants",
        "tests",
    )
    assert all(getattr(policy, kind) for kind in kinds)
    assert policy.files[1].comments
