"""Workload E: what loading takes, in a process of its own: `python -m benchmarks.footprint ...`.

The process notes the time and its peak memory from before anything of the contestant is imported
until the first decision is there, and writes both as JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.results import Footprint
from benchmarks.workloads import named, oracle

SOURCE = "Gatewright, files"
CACHED = "Gatewright, files again"
BUNDLE = "Gatewright, bundle"

_TIMEOUT_S = 300
_BUILD_TIMEOUT_S = 1200
_MOST_FROM_FILES = 10_000
_SEED = 5


def of_peer(name: str, workload: str, rules: int) -> Footprint:
    """Return what a contestant takes to load a workload, its rules given as it wants them."""
    return _run(name, workload, rules, ["peer", name])


def of_ours(workload: str, rules: int) -> list[Footprint]:
    """Return what our own ways take: from files, from files again, from a bundle."""
    with TemporaryDirectory() as folder:
        policies, bundle = Path(folder, "policies"), Path(folder, "policies.bundle")
        _write(policies, workload, rules)
        # A fresh place for whatever is kept between runs, so that the first one is cold.
        kept = {"GATEWRIGHT_CACHE": str(Path(folder, "cache"))}
        twice = (SOURCE, CACHED) if rules <= _MOST_FROM_FILES else ()
        found = [_run(name, workload, rules, ["path", str(policies)], kept) for name in twice]
        why = _build(policies, bundle, kept)
        if why:
            return [*found, Footprint(BUNDLE, workload, rules, None, None, why)]
        return [*found, _run(BUNDLE, workload, rules, ["path", str(bundle)], kept)]


def _write(folder: Path, workload: str, rules: int) -> None:
    from benchmarks.peers.gatewright import texts  # the measuring process need not load it

    folder.mkdir()
    for number, text in enumerate(texts(named(workload, rules))):
        (folder / f"part{number}.gate").write_text(text)


def _build(policies: Path, bundle: Path, kept: Mapping[str, str]) -> str:
    """Build a bundle; return why not, or nothing."""
    command = [sys.executable, "-m", "gatewright", "build", str(policies), "-o", str(bundle)]
    done = _process(command, kept, _BUILD_TIMEOUT_S)
    if isinstance(done, str):
        return f"no bundle: {done}"
    return "" if bundle.exists() else f"no bundle: {_last_line(done.stderr)}"


def _run(
    name: str, workload: str, rules: int, what: list[str], kept: Mapping[str, str] | None = None
) -> Footprint:
    command = [sys.executable, "-m", "benchmarks.footprint", workload, str(rules), *what]
    done = _process(command, kept or {})
    if isinstance(done, str):
        return Footprint(name, workload, rules, None, None, done)
    if done.returncode:
        return Footprint(name, workload, rules, None, None, _last_line(done.stderr))
    found = json.loads(done.stdout.splitlines()[-1])
    return Footprint(name, workload, rules, found["seconds"], found["peak_mib"])


def _process(
    command: list[str], kept: Mapping[str, str], timeout_s: int = _TIMEOUT_S
) -> subprocess.CompletedProcess[str] | str:
    """Run a command; return how it ended, or why it did not."""
    done = partial(subprocess.run, capture_output=True, text=True, check=False)
    try:
        return done(command, timeout=timeout_s, env={**os.environ, **kept})
    except subprocess.TimeoutExpired:
        return f"takes more than {timeout_s} s"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "ends without a word"


# --- in the measured process -------------------------------------------------------------------


def _peak_mib() -> float:
    """Return the peak of this program; `ru_maxrss` would begin with that of its parent process."""
    status = Path("/proc/self/status").read_text()
    (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kib) / 1024


def _measure_path(path: str, workload: str, rules: int) -> tuple[float, float]:
    (request,) = named(workload, rules).draw(random.Random(_SEED), 1)
    before, start = _peak_mib(), perf_counter()
    import gatewright as gw  # importing is part of what is measured

    policy = gw.load(path)
    seconds, peak = perf_counter() - start, _peak_mib() - before
    from benchmarks.peers import gatewright as ours

    wanted = oracle(named(workload, rules), request)
    got = ours.effect(policy.evaluate(ours.raw(request)))
    if got != wanted:
        raise SystemExit(f"disagrees: {got} for {request}, not {wanted}")
    return seconds, peak


def _measure_peer(name: str, workload: str, rules: int) -> tuple[float, float]:
    from benchmarks.peers import PEERS

    (peer,) = (each for each in PEERS if each.name == name)
    made = named(workload, rules)
    (request,) = made.draw(random.Random(_SEED), 1)
    before, start = _peak_mib(), perf_counter()
    prepared = peer.prepared(made)
    prepared.ask(prepared.ready(request))
    return perf_counter() - start, _peak_mib() - before


def main() -> None:
    """Measure what the arguments say: WORKLOAD RULES peer NAME, or WORKLOAD RULES path PATH."""
    workload, rules, how, what = sys.argv[1:]
    measure = _measure_path if how == "path" else _measure_peer
    seconds, peak_mib = measure(what, workload, int(rules))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib}))


if __name__ == "__main__":
    main()
