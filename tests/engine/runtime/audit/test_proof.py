"""A proof that was saved is checked without a store, whatever somebody made of the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.bundle.errors import KeyUnusable
from gatewright.engine.runtime.audit.checkpoint import Checkpoint, read, write
from gatewright.engine.runtime.audit.proof import (
    BadProof,
    Consistency,
    Inclusion,
    Proof,
    check,
    read_proof,
)
from gatewright.engine.runtime.audit.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from tests.cli.run import Ran, run
from tests.engine.runtime.audit.keys import key_pair

PRIVATE, PUBLIC = key_pair(1)
_, OTHER = key_pair(2)
BODIES = [f'{{"kind":"approved","number":{n}}}' for n in range(9)]
HASHES = [leaf_hash(body.encode()) for body in BODIES]


def point(size: int, key: bytes | None = PRIVATE) -> str:
    return write(Checkpoint("gatewright", size, root_of(HASHES[:size])), key)


def included(position: int, size: int = 9, key: bytes | None = PRIVATE) -> Inclusion:
    path = tuple(one.hex() for one in inclusion_proof(HASHES[:size], position))
    body, own = BODIES[position], HASHES[position].hex()
    return Inclusion(position + 1, position, body, own, path, point(size, key))


def grown(old: int, new: int = 9, key: bytes | None = PRIVATE) -> Consistency:
    path = tuple(one.hex() for one in consistency_proof(HASHES[:new], old))
    return Consistency(old, root_of(HASHES[:old]).hex(), path, point(new, key))


def saved(proof: Proof) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(asdict(proof)))
    return found


@pytest.mark.parametrize("size", range(1, 10))
def test_every_proof_that_was_made_holds(size: int) -> None:
    for position in range(size):
        proof = included(position, size)
        checked = check(read_proof(saved(proof)), [PUBLIC], read(point(size, None)))
        assert (checked.is_good, checked.kind, checked.position) == (True, "inclusion", position)
        assert (checked.body, checked.size, checked.checked) == (BODIES[position], size, True)
    for old in range(size + 1):
        checked = check(read_proof(saved(grown(old, size))), [OTHER, PUBLIC], read(point(old)))
        assert (checked.is_good, checked.kind, checked.since) == (True, "consistency", old)
        assert (checked.compared, checked.signers[0][:11]) == (True, "gatewright+")


def wrong(proof: Proof, edit: Callable[[dict[str, Any]], object], **more: Any) -> str:
    data = saved(proof)
    edit(data)
    why = check(read_proof(data), **more).why
    assert why is not None
    return why


def test_what_does_not_hold_is_told() -> None:
    leaf, growth = included(4), grown(5)
    zero = "0" * 64
    assert "another than the one" in wrong(leaf, lambda d: d.update(body="{}"))
    assert "another than the one" in wrong(leaf, lambda d: d.update(leaf_hash=zero))
    assert "position 4" in wrong(leaf, lambda d: d["proof"].pop())
    assert "position 4" in wrong(leaf, lambda d: d["proof"].append(zero))
    assert "position 4" in wrong(leaf, lambda d: d["proof"].__setitem__(0, zero))
    assert "position 5" in wrong(leaf, lambda d: d.update(position=5))
    assert "has no position 9" in wrong(leaf, lambda d: d.update(position=9))
    assert "position 4" in wrong(leaf, lambda d: d.update(checkpoint=point(8)))
    assert "begins with that of 5" in wrong(growth, lambda d: d["proof"].pop())
    assert "begins with that of 5" in wrong(growth, lambda d: d.update(proof=[]))
    assert "begins with that of 5" in wrong(growth, lambda d: d.update(root=zero))
    assert "begins with that of 6" in wrong(growth, lambda d: d.update(size=6))
    assert "10 leaves is no beginning" in wrong(growth, lambda d: d.update(size=10))
    assert "begins with that of 5" in wrong(growth, lambda d: d.update(checkpoint=point(8)))


def test_a_proof_of_another_checkpoint_does_not_do() -> None:
    as_it_is: Callable[[dict[str, Any]], object] = len
    for size, root in ((8, None), (9, b"\0" * 32)):
        kept = Checkpoint("gatewright", size, root or root_of(HASHES[:size]))
        assert "leads to another root" in wrong(included(4), as_it_is, against=kept)
    for size, root in ((4, None), (5, b"\0" * 32)):
        kept = Checkpoint("gatewright", size, root or root_of(HASHES[:size]))
        assert "goes on from another tree" in wrong(grown(5), as_it_is, against=kept)


def test_by_a_key_the_checkpoint_is_signed() -> None:
    as_it_is: Callable[[dict[str, Any]], object] = len
    for proof in (included(4, key=None), grown(5, key=None)):
        assert check(proof).is_good
        assert (check(proof).signers, check(proof).checked) == ((), False)
        assert "signed by none of the keys" in wrong(proof, as_it_is, keys=[PUBLIC])
    for proof in (included(4), grown(5)):
        assert check(proof, [PUBLIC]).is_good
        assert "signed by none of the keys" in wrong(proof, as_it_is, keys=[OTHER])
        with pytest.raises(KeyUnusable):
            check(proof, [PRIVATE])
    stolen = point(8).split("\n\n")[1]  # a signature of another checkpoint
    bad = f"{point(9, None)[:-1]}\n{stolen}"
    found = wrong(included(4), lambda d: d.update(checkpoint=bad), keys=[PUBLIC])
    assert found == "the signature of the checkpoint at size 9 is wrong"


UNREADABLE: dict[str, Callable[[dict[str, Any]], object]] = {
    "`proof` is missing": lambda d: d.pop("proof"),
    "a key that no proof has": lambda d: d.update(more=1),
    "`position` counts nothing": lambda d: d.update(position=-1),
    "`position` counts nothing.": lambda d: d.update(position=True),
    "`position` counts nothing..": lambda d: d.update(position="4"),
    "`number` counts nothing": lambda d: d.update(number=2**63),
    "`body` is no text": lambda d: d.update(body=None),
    "`leaf_hash` is not 32 bytes": lambda d: d.update(leaf_hash="AB" * 32),
    "`leaf_hash` is not 32 bytes.": lambda d: d.update(leaf_hash="ab" * 31),
    "`leaf_hash` is not 32 bytes..": lambda d: d.update(leaf_hash=["ab" * 32]),
    "`proof` is no list": lambda d: d.update(proof="ab" * 32),
    "`proof[1]` is not 32 bytes": lambda d: d["proof"].__setitem__(1, "ab" * 32 + "\n"),
    "more than 128 hashes": lambda d: d.update(proof=["ab" * 32] * 129),
    "`checkpoint` is no text": lambda d: d.update(checkpoint={}),
    "its checkpoint cannot be read: a checkpoint has an origin": lambda d: d.update(checkpoint=""),
    "its checkpoint cannot be read: the root": lambda d: d.update(checkpoint="a\n1\nAA==\n\n"),
    "its checkpoint cannot be read: the last line": lambda d: d.update(
        checkpoint=d["checkpoint"][:-1]
    ),
}


@pytest.mark.parametrize("message", UNREADABLE)
def test_what_is_no_proof_is_told(message: str) -> None:
    data = saved(included(4))
    UNREADABLE[message](data)
    with pytest.raises(BadProof) as caught:
        check(read_proof(data))
    assert message.rstrip(".") in caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=5,
)


MADE: tuple[Proof, ...] = (included(4), grown(5))


@given(st.data())
def test_one_value_that_is_another_never_holds(data: st.DataObject) -> None:
    """Whatever it is: the proof is none, or does not hold. The number alone proves nothing."""
    proof: Proof = data.draw(st.sampled_from(MADE))
    entries = saved(proof)
    name = data.draw(st.sampled_from(sorted(entries.keys() - {"number"})))
    value = data.draw(JSON | st.just(saved(included(3)).get(name, 0)))
    if value == entries[name]:
        return
    entries[name] = value
    with suppress(BadProof):
        assert not check(read_proof(entries), [PUBLIC]).is_good


# --- the command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing but two proofs, a key and two checkpoints: no store, no configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pub.pem").write_bytes(PUBLIC)
    (tmp_path / "other.pem").write_bytes(OTHER)
    (tmp_path / "five.txt").write_text(point(5))
    (tmp_path / "nine.txt").write_text(point(9))
    (tmp_path / "leaf.json").write_text(json.dumps(saved(included(4))))
    (tmp_path / "growth.json").write_text(json.dumps(saved(grown(5))))
    return tmp_path


def verified(*arguments: str, stdin: str | None = None) -> Ran:
    return run("audit", "proof", "--verify", *arguments, stdin=stdin)


def test_a_saved_proof_is_checked_without_a_store(folder: Path) -> None:
    leaf = verified("leaf.json", "--key", "pub.pem")
    assert (leaf.code, leaf.err) == (0, "")
    root = root_of(HASHES).hex()
    assert leaf.out.splitlines() == [
        f"good: the leaf at position 4 is in the tree of 9 leaves, {root}",
        BODIES[4],
        leaf.out.splitlines()[2],
    ]
    signed = leaf.out.splitlines()[2]
    assert signed.startswith("signed by gatewright+") and signed.endswith(" (pub.pem)")
    several = verified("leaf.json", "--key", "other.pem", "--key", "pub.pem")
    assert several.out == leaf.out
    growth = verified("growth.json", "--against", "five.txt", "--key", "pub.pem")
    assert (growth.code, growth.err) == (0, "")
    assert growth.out.startswith(f"good: the tree of 9 leaves, {root}, begins with that of 5")
    assert sorted(one.name for one in folder.iterdir()) == [
        "five.txt", "growth.json", "leaf.json", "nine.txt", "other.pem", "pub.pem",
    ]  # fmt: skip
    text = (folder / "leaf.json").read_text()
    assert verified("-", "--against", "nine.txt", stdin=text).code == 0


def test_what_nobody_vouches_for_is_told(folder: Path) -> None:
    found = verified("leaf.json")
    assert (found.code, "not checked, since no --key" in found.out) == (0, True)
    assert "compare it with what you know" in found.out
    (folder / "bare.json").write_text(json.dumps(saved(included(4, key=None))))
    found = verified("bare.json", "--against", "nine.txt")
    assert (found.code, "nobody has signed" in found.out) == (0, True)
    assert "compare it" not in found.out


def test_a_proof_that_does_not_hold_ends_with_1(folder: Path) -> None:
    for arguments, why in (
        (("leaf.json", "--key", "other.pem"), "signed by none of the keys"),
        (("leaf.json", "--against", "five.txt"), "another root than that of the kept checkpoint"),
        (("growth.json", "--against", "nine.txt"), "goes on from another tree"),
    ):
        found = verified(*arguments)
        assert (found.code, found.err) == (1, "")
        assert found.out.startswith("wrong: ")
        assert why in found.out


def test_json_says_the_same(folder: Path) -> None:
    good = verified("leaf.json", "--key", "pub.pem", "--json").data
    assert (good["good"], good["why"], good["kind"]) == (True, None, "inclusion")
    assert (good["position"], good["size"], good["checked"]) == (4, 9, True)
    assert json.loads(good["body"])["number"] == 4
    found = verified("growth.json", "--against", "nine.txt", "--format", "json")
    assert (found.code, found.data["good"], found.data["since"]) == (1, False, 5)
    assert "another tree" in found.data["why"]


HOSTILE: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"proof", "expected a value"),
    "empty": (b"", "leaf.json"),
    "a list": (b"[]", "a proof is a JSON object"),
    "no UTF-8": (b'{"a": "\xff"}', "UTF-8"),
    "a key twice": (b'{"proof": [], "proof": []}', "twice"),
    "a lone surrogate": (b'{"body": "\\ud800"}', "surrogate"),
    "deep": (b'{"proof": ' + b"[" * 5000 + b"]" * 5000 + b"}", "leaf.json"),
    "large": (b'{"body": "' + b"x" * (11 * 1024 * 1024) + b'"}', "MiB"),
    "a long number": (b'{"position": ' + b"9" * 5000 + b"}", "leaf.json"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_ends_with_2(folder: Path, name: str) -> None:
    content, message = HOSTILE[name]
    (folder / "leaf.json").write_bytes(content)
    found = verified("leaf.json", "--key", "pub.pem")
    assert (found.code, found.out) == (2, "")
    assert message in found.err
    assert found.err.count("\n") == 1


def test_a_proof_that_was_cut_ends_with_2(folder: Path) -> None:
    whole = (folder / "leaf.json").read_bytes()
    for end in range(0, len(whole) - 1, 7):
        (folder / "leaf.json").write_bytes(whole[:end])
        found = verified("leaf.json", "--key", "pub.pem")
        assert (found.code, found.out) == (2, ""), end
        assert found.err.startswith("leaf.json:")


def test_nothing_hostile_reaches_the_terminal(folder: Path) -> None:
    body = '{"kind":"\x1b[2J\u202e"}'
    own = leaf_hash(body.encode())
    note = write(Checkpoint("\x1bgate", 1, own), PRIVATE)
    proof = Inclusion(1, 0, body, own.hex(), (), note)
    (folder / "leaf.json").write_text(json.dumps(asdict(proof)))
    found = verified("leaf.json", "--key", "pub.pem")
    assert found.code == 0
    assert "\x1b" not in found.out + found.err
    assert "\u202e" not in found.out


def test_wrong_usage_ends_with_2(folder: Path) -> None:
    for arguments, message in (
        (("leaf.json", "--store", "sqlite:///gate.db"), "with --verify no store is looked at"),
        (("leaf.json", "4"), "with --verify no leaf is named"),
        (("gone.json",), "No such file"),
        (("leaf.json", "--key", "gone.pem"), "No such file"),
        (("leaf.json", "--key", "five.txt"), "no public key in PEM"),
        (("leaf.json", "--against", "leaf.json"), "a checkpoint has"),
    ):
        found = verified(*arguments)
        assert (found.code, found.out) == (2, ""), arguments
        assert message in found.err
    found = run("audit", "proof", "--store", "sqlite:///gate.db", "3", "--key", "pub.pem")
    assert (found.code, "--key is for --verify" in found.err) == (2, True)
