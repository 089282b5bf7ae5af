"""On what a run was made: machine, Python, date, the versions of the contestants."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.protocol import Peer


def machine() -> dict[str, str]:
    """Return what a reader needs to judge the figures."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load before the run": " ".join(f"{each:.1f}" for each in os.getloadavg()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions(peers: Iterable[Peer]) -> dict[str, str]:
    """Return the installed version of each contestant."""
    return {peer.name: peer.version for peer in peers}


def busy(where: Mapping[str, str]) -> bool:
    """Tell whether others kept the machine busy when the run began."""
    latest = where.get("load before the run", "0").split()[0]
    return float(latest) > int(where.get("cores", "1")) / 2


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")
