"""Sources and data -> the digest by which a policy set is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from gatewright.dsl.policy import Json
from gatewright.dsl.sha256 import sha256
from gatewright.dsl.source import Source


def digest_of(sources: Iterable[Source], data: Mapping[str, Json]) -> str:
    """Return a digest of texts and data that does not depend on names, folders or order."""
    texts = sorted(sha256(s.text.encode("utf-8", "surrogatepass")) for s in sources)
    whole = b"".join([b"gatewright policy set 1\n", *texts, canonical(data).encode("utf-8")])
    return "sha256:" + sha256(whole).hex()


def canonical(value: Json) -> str:
    """Write data so that equal data give equal text: keys sorted, no spaces."""
    return json.dumps(value, default=dict, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
