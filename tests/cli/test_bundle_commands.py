"""`build` and `verify`, and deciding by what `build` wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import REFUNDS, refund, run
from tests.engine.bundle.test_signing import OUR_PUBLIC, OURS, THEIR_PUBLIC


@pytest.fixture(name="keys")
def keys_fixture(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    for name, content in [("our", OURS), ("our.pub", OUR_PUBLIC), ("their.pub", THEIR_PUBLIC)]:
        (folder / name).write_bytes(content)
    return folder


def test_a_bundle_is_built_and_verified(tmp_path: Path, keys: Path) -> None:
    file = tmp_path / "r.gwb"
    built = run("build", REFUNDS, "-o", file, "--sign", keys / "our", "--version", 3)
    assert (built.code, built.out, built.err) == (0, "", "")
    verified = run("verify", file, "--key", keys / "our.pub", "--least-version", 3)
    assert verified.code == 0
    assert verified.out.startswith(f"{file}: version 3, sha256:")
    assert verified.out.endswith(", signed\n")


def test_the_same_policies_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("build", REFUNDS, "-o", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("command", ["eval", "explain"])
def test_a_bundle_decides_as_its_sources(tmp_path: Path, command: str) -> None:
    run("build", REFUNDS, "-o", tmp_path / "r.gwb")
    for amount in ("20.00 USD", "75.00 USD", "500.00 USD", "x"):
        action = json.dumps(refund(params={"customer": "C-1", "amount": amount}))
        first = run(command, REFUNDS, "--action", "-", stdin=action)
        second = run(command, tmp_path / "r.gwb", "--action", "-", stdin=action)
        assert first.code == second.code == 0
        assert first.out == second.out


@pytest.mark.parametrize("command", ["eval", "explain"])
def test_a_damaged_bundle_decides_nothing(tmp_path: Path, command: str) -> None:
    file = tmp_path / "r.gwb"
    run("build", REFUNDS, "-o", file)
    file.write_bytes(file.read_bytes()[:-1])
    ran = run(command, file, "--action", "-", stdin=json.dumps(refund()))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"error: {file}: the section `units` of the bundle is not where it should be\n"
    )


def test_what_does_not_verify_is_said(tmp_path: Path, keys: Path) -> None:
    file = tmp_path / "r.gwb"
    run("build", REFUNDS, "-o", file, "--sign", keys / "our", "--version", 3)
    cases = [
        (["--key", keys / "their.pub"], "the bundle is signed by none of the keys"),
        (["--key", keys / "our.pub", "--least-version", 4],
         "the bundle has version 3; at least 4 is asked for"),
    ]  # fmt: skip
    for options, why in cases:
        ran = run("verify", file, *options)
        assert (ran.code, ran.out, ran.err) == (1, "", f"error: {file}: {why}\n")
    run("build", REFUNDS, "-o", file)
    ran = run("verify", file, "--key", keys / "our.pub")
    assert ran.err == f"error: {file}: the bundle is not signed\n"


def test_a_key_is_needed_to_verify(tmp_path: Path) -> None:
    run("build", REFUNDS, "-o", tmp_path / "r.gwb")
    ran = run("verify", tmp_path / "r.gwb")
    assert ran.code == 2
    assert "--key" in ran.err


def test_policies_with_errors_write_nothing(tmp_path: Path) -> None:
    policy, out = tmp_path / "a.gate", tmp_path / "a.gwb"
    policy.write_text("package a\nrule x when y => auto_run\n")
    out.write_text("as before")
    ran = run("build", policy, "-o", out)
    assert ran.code == 1
    assert "error[GW" in ran.err
    assert out.read_text() == "as before"


def test_files_that_cannot_be_read_or_written(tmp_path: Path, keys: Path) -> None:
    nowhere = tmp_path / "none" / "x"
    cases = [
        (("build", nowhere, "-o", tmp_path / "o"), nowhere),
        (("build", REFUNDS, "-o", nowhere), nowhere),
        (("build", REFUNDS, "-o", tmp_path), tmp_path),
        (("build", REFUNDS, "-o", tmp_path / "o", "--sign", keys / "our.pub"), keys / "our.pub"),
        (("verify", nowhere, "--key", keys / "our.pub"), nowhere),
    ]
    for arguments, named in cases:
        ran = run(*arguments)
        assert ran.code == 2, arguments
        assert ran.err.startswith(f"error: {named}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys"]


def test_a_key_that_cannot_be_used_says_nothing_of_the_bundle(tmp_path: Path, keys: Path) -> None:
    file = tmp_path / "r.gwb"
    run("build", REFUNDS, "-o", file, "--sign", keys / "our")
    for key, why in [
        (keys / "none", "No such file or directory"),
        (
            keys / "our",
            "the key is a private one: `openssl pkey -in FILE -pubout` writes its public half",
        ),
    ]:
        for options in (["--key", key], ["--key", keys / "our.pub", "--key", key]):
            ran = run("verify", file, *options)
            assert (ran.code, ran.out, ran.err) == (2, "", f"error: {key}: {why}\n")


@pytest.mark.parametrize("command", ["check", "test", "fmt"])
def test_a_bundle_is_not_taken_for_sources(tmp_path: Path, command: str) -> None:
    file = tmp_path / "r.gwb"
    run("build", REFUNDS, "-o", file)
    ran = run(command, file)
    assert ran.code == 2
    assert "this is a bundle, not a policy file" in ran.err
    assert "give the sources that it was built from" in ran.err


@pytest.mark.parametrize("command", ["check", "test", "fmt", "build"])
def test_a_bundle_among_sources_under_their_ending_is_told(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.gate").write_text("package a\naction a.b { }\nrule all on a.b => auto_run\n")
    run("build", folder / "a.gate", "-o", folder / "b.gate")
    given = ["-o", tmp_path / "out.gwb"] if command == "build" else []
    ran = run(command, folder, *given)
    assert ran.code == 2
    assert "b.gate:3:" in ran.err
    assert "error[GW0801]: this is a bundle, not a policy file" in ran.err
    assert (
        "help: give it another ending, such as `.gwb`: a folder's `.gate` files are its policies"
        in ran.err
    )
