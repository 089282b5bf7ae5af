"""What starting costs: the import, and one decision on the command line, beside plain Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.peers.gatewright import raw, texts
from benchmarks.results import Startup
from benchmarks.workloads import Refund, Refunds

_OURS = "import gatewright"
_YARDSTICK = "import json, decimal, datetime"
_HEAVY = ("lark", "celpy", "pydantic", "sqlalchemy")
_IMPORTED = re.compile(r"^import time:\s*\d+ \|\s*(\d+) \| ( *)(\S+)$", re.MULTILINE)


def startup(times: int) -> Startup:
    """Return medians of so many runs, the commands in turn."""
    ours_us, yardstick_us, loaded = [], [], set()
    for _ in range(times):
        ours = _imports(_OURS)
        loaded = {name.split(".")[0] for name, _ in ours}
        ours_us.append(dict(ours)["gatewright"])
        yardstick = dict(_imports(_YARDSTICK))
        yardstick_us.append(sum(yardstick[name] for name in ("json", "decimal", "datetime")))
    eval_ms, plain_ms, why = _evaluating(times)
    return Startup(
        import_ms=median(ours_us) / 1000,
        yardstick_import_ms=median(yardstick_us) / 1000,
        heavy=tuple(name for name in _HEAVY if name in loaded),
        eval_ms=eval_ms,
        yardstick_eval_ms=plain_ms,
        missing=why,
    )


def _imports(statement: str) -> list[tuple[str, int]]:
    """Return what a statement imports, each with its cumulative time in microseconds."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    done = _run(command)
    done.check_returncode()
    return [(name, int(each)) for each, _, name in _IMPORTED.findall(done.stderr)]


def _evaluating(times: int) -> tuple[float | None, float, str]:
    """Return the time of a decision from a bundle, else why not, and that of plain Python."""
    plain = [sys.executable, "-c", "import json"]
    with TemporaryDirectory() as folder:
        policy, bundle, action = (Path(folder, n) for n in ("p.gate", "p.bundle", "a.json"))
        policy.write_text(texts(Refunds())[0])
        action.write_text(json.dumps(raw(Refund("C-1", 75_00, "open", "late"))))
        script = str(Path(sys.executable).with_name("gatewright"))
        built = _run([script, "build", str(policy), "-o", str(bundle)])
        if built.returncode or not bundle.exists():
            plain_ms = median(_wall(plain) for _ in range(times))
            return None, plain_ms, "no bundle: `gatewright build` is not there"
        ours = [script, "eval", str(bundle), "--action", str(action)]
        turns = [(_wall(ours), _wall(plain)) for _ in range(times)]
    return median(t[0] for t in turns), median(t[1] for t in turns), ""


def _wall(command: Sequence[str]) -> float:
    start = perf_counter()
    done = _run(command)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return (perf_counter() - start) * 1000


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as on a machine where it ran before: what Python compiles of it is kept."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=kept)
