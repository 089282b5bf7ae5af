"""What is answered without click is what the commands answer: bytes, messages, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatewright.cli import start
from gatewright.engine.bundle.build import build
from gatewright.engine.load import load_source
from tests.cli.run import refund
from tests.conftest import ROOT

BEGUN = "from gatewright.cli.start import start; start()"
BY_CLICK = "from gatewright.cli import main; main(prog_name='gatewright')"


@pytest.fixture(name="folder")
def folder_with_bundle(tmp_path: Path) -> Path:
    """A folder with a bundle, one that is damaged, a policy, and actions."""
    texts = [p.read_text("utf-8") for p in (ROOT / "examples" / "refunds").glob("*.gate")]
    (tmp_path / "p.gate").write_text(texts[0], "utf-8")
    content = build(load_source(texts).policy, made_by="test")
    (tmp_path / "p.gwb").write_bytes(content)
    (tmp_path / "damaged.gwb").write_bytes(content[:-9] + b"x" + content[-8:])
    actions: dict[str, object] = {
        "good": refund(),
        "large": refund(params={"customer": "C-1", "amount": "900.00 USD"}),
        "unfit": refund(params={"customer": 5}),
        "undeclared": refund(action="billing.refunds"),
        "unnamed": {"params": {}, "at": "2026-11-20T12:00:00Z"},
        "list": [1],
    }
    for name, action in actions.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(action))
    (tmp_path / "broken.json").write_text('{"action": }')
    return tmp_path


def ran(code: str, folder: Path, *arguments: str, **more: str) -> tuple[int, bytes, bytes]:
    """Run a program with the arguments of the command line."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[0] = 'gatewright'; {code}", *arguments],
        cwd=folder, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **more},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "--version", "-V", "--version eval", "eval", "eval p.gwb", "eval p.gwb --action",
        "eval p.gwb --action good.json", "eval --action good.json p.gwb",
        "eval --action=good.json p.gwb", "eval p.gwb --action large.json",
        "eval p.gwb --action unfit.json", "eval p.gwb --action undeclared.json",
        "eval p.gwb --action unnamed.json", "eval p.gwb --action list.json",
        "eval p.gwb --action broken.json", "eval p.gwb --action none.json",
        "eval none.gwb --action good.json", "eval damaged.gwb --action good.json",
        "eval p.gate --action good.json", "eval p.gwb p.gwb --action good.json",
        "eval p.gwb --action -", "eval --help --action good.json", "eval p.gwb --action --help",
    ],
)  # fmt: skip
def test_the_same_is_written_either_way(folder: Path, arguments: str) -> None:
    begun = ran(BEGUN, folder, *arguments.split())
    assert begun == ran(BY_CLICK, folder, *arguments.split())


def test_only_the_plain_form_is_answered(folder: Path) -> None:
    bundle, action = str(folder / "p.gwb"), str(folder / "good.json")
    told = start.answer(["eval", bundle, "--action", action])
    assert told == start.answer(["eval", "--action", action, bundle])
    assert json.loads(told or "")["effect"] == "auto_run"
    for other in ("large", "unfit"):
        assert start.answer(["eval", bundle, "--action", str(folder / f"{other}.json")])
    for arguments in (
        [], ["eval"], ["check", bundle], ["eval", bundle, "--action", "-"],
        ["eval", str(folder / "p.gate"), "--action", action],
        ["eval", str(folder / "damaged.gwb"), "--action", action],
        *(["eval", bundle, "--action", str(folder / f"{n}.json")]
          for n in ("undeclared", "unnamed", "list", "broken", "none")),
    ):  # fmt: skip
        assert start.answer(arguments) is None


def test_what_is_left_at_the_end_is_not_searched(folder: Path) -> None:
    code = f"import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 0)); {BEGUN}"
    assert ran(code, folder, "fmt", "p.gate")[:2] == (0, b"True\n")


@pytest.mark.parametrize("command", ["check", "fmt"])
def test_nothing_is_searched_while_a_short_command_runs(folder: Path, command: str) -> None:
    code = f"import atexit, gc; atexit.register(lambda: print(gc.isenabled())); {BEGUN}"
    assert ran(code, folder, command, "p.gate")[1] == b"False\n"
    assert ran(code, folder, "test", "p.gate")[1].endswith(b"True\n")


def test_completion_is_for_click(folder: Path) -> None:
    asked = {
        "_GATEWRIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": "gatewright fm",
        "COMP_CWORD": "1",
    }
    assert ran(BEGUN, folder, "--version", **asked) == (0, b"plain,fmt\n", b"")


def test_a_reader_that_leaves_ends_the_program_quietly(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = f"import sys; sys.argv[0] = 'gatewright'; {BEGUN}"
    done = subprocess.run(
        [sys.executable, "-c", code, "eval", "p.gwb", "--action", "good.json"],
        cwd=folder, stdout=writing, stderr=subprocess.PIPE, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize(
    "arguments",
    [
        "--version", "eval p.gwb --action good.json", "fmt -", "check --help",
        "check p.gate --format json", "test p.gate",
    ],
)  # fmt: skip
def test_output_that_cannot_be_written_is_told(folder: Path, arguments: str) -> None:
    with Path("/dev/full").open("wb") as full, (folder / "p.gate").open("rb") as policy:
        done = subprocess.run(
            [sys.executable, "-c", BEGUN, *arguments.split()], cwd=folder, check=False,
            stdin=policy, stdout=full, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "error: <stdout>: No space left on device\n")
