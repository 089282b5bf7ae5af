"""The benchmarks compare like with like: oracles, translations, targets, the page."""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.agreement import agree
from benchmarks.chart import chart
from benchmarks.footprint import BUNDLE
from benchmarks.peers import OURS, OURS_RAW, PEERS, by_hand
from benchmarks.protocol import NotMeasured, Peer, Prepared
from benchmarks.report import report
from benchmarks.results import BY_HAND, Footprint, Results, Table
from benchmarks.targets import Target, targets
from benchmarks.timing import Rounds, medians
from benchmarks.workloads import Refund, Refunds, Workload, named, oracle
from tests.conftest import ROOT

WORKLOADS = [named("refund", 5), named("act", 12), named("flat", 10)]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name)
@pytest.mark.parametrize("peer", [OURS, OURS_RAW, by_hand.PEER], ids=lambda each: each.name)
def test_ours_and_the_hand_written_one_decide_as_the_oracle(peer: Peer, workload: Workload) -> None:
    assert agree(peer.prepared(workload), workload, 150, seconds=60) == 150


@pytest.mark.parametrize(
    ("cents", "status", "reason", "effect"),
    [
        (49_99, "open", "late", "auto_run"),
        (49_99, "open", "goodwill", "manager"),
        (50_00, "open", "late", "manager"),
        (200_00, "open", "goodwill", "manager"),
        (200_01, "open", "goodwill", "finance"),
        (200_01, "closed", "late", "block"),
    ],
)
def test_the_oracle_of_refunds(cents: int, status: str, reason: str, effect: str) -> None:
    assert Refunds().effect(Refund("C-1", cents, status, reason)) == effect


def test_requests_cover_every_effect_and_are_the_same_each_time() -> None:
    for workload in WORKLOADS:
        drawn = workload.draw(random.Random(1), 500)  # noqa: S311
        assert drawn == workload.draw(random.Random(1), 500)  # noqa: S311
        effects = {oracle(workload, each) for each in drawn}
        wanted = {
            "refund": {"auto_run", "manager", "finance", "block"},
            "act": {"auto_run", "manager", "finance"},
            "flat": {"auto_run", "block"},
        }
        assert effects == wanted[workload.name]


def test_one_that_disagrees_is_not_timed() -> None:
    contrary = Prepared(lambda request: request, lambda _: "auto_run", str)
    with pytest.raises(NotMeasured, match=r"disagrees: `auto_run`"):
        agree(contrary, Refunds(), 100)


def test_all_contestants_are_timed_in_every_round() -> None:
    asked: list[str] = []

    def contestant(name: str) -> Prepared:
        return Prepared(lambda request: request, lambda _: asked.append(name), str)

    found = medians({"a": contestant("a"), "b": contestant("b")}, Refunds(), "unseen", Rounds(3, 1))
    # Sixteen to see how many calls fit into a round, then one a round.
    assert {"a": asked.count("a"), "b": asked.count("b")} == {"a": 19, "b": 19}
    assert set(found) == {"a", "b"}


def test_a_peer_says_what_it_cannot_do() -> None:
    for peer in PEERS:
        if "act" not in peer.most:
            with pytest.raises(NotMeasured, match="no rule set"):
                peer.prepared(named("act", 12))
    small = replace(by_hand.PEER, most={"act": 9})
    with pytest.raises(NotMeasured, match="more than 9 rules"):
        small.prepared(named("act", 12))


def test_every_peer_is_installed_by_make_bench() -> None:
    lines = (ROOT / "benchmarks/requirements.txt").read_text().splitlines()
    required = {line.partition(">=")[0] for line in lines if not line.startswith("#")}
    assert required == {p.package for p in PEERS if p.package and p.kind != "ours"}
    assert all(">=" in line and ",<" in line for line in lines if not line.startswith("#"))


# --- targets, page, chart ------------------------------------------------------------------------


def _results(**more: Any) -> Results:
    times = {"Gatewright": 1.0, "Gatewright, raw dict": 4.0, BY_HAND: 0.2}
    times |= {"zen-engine, expression": 3.5, "zen-engine, table by key": 8.0}
    checked = dict.fromkeys(times, 3000)
    missing = {"oso": "`oso` cannot be imported: no such module"}
    table = Table("refund", 5, checked, times, times, missing)
    return replace(Results(quick=True, machine={"Python": "CPython 3.11"}, tables=(table,)), **more)


def _target(results: Results, what: str, bound: str) -> Target:
    return next(t for t in targets(results) if t.what.startswith(what) and bound in t.bound)


def test_targets_are_judged_by_ratios() -> None:
    results = _results()
    assert _target(results, "refund policy, prepared", "hand-written").met
    fastest = _target(results, "refund policy, prepared", "fastest peer")
    assert (fastest.found, fastest.met) == ("3.50 x faster", True)
    assert "zen-engine, expression" in fastest.bound
    # An expression is no decision: the raw dict is compared with those that decide.
    raw = _target(results, "refund policy, raw", "fastest peer")
    assert ("table by key" in raw.bound, raw.found, raw.met) == (True, "2.00 x faster", True)


def test_a_target_that_is_missed_and_one_that_was_not_measured() -> None:
    slow = replace(_results().tables[0], unseen={"Gatewright": 9.0, BY_HAND: 1.0})
    assert _target(_results(tables=(slow,)), "refund policy, prepared", "hand").met is False
    loaded = (Footprint(BUNDLE, "act", 99_999, 6.0, 150.0),)
    assert _target(_results(footprints=loaded), "`act`, 100,000 rules: load", "5 s").met is False
    assert _target(_results(footprints=loaded), "`act`, 100,000 rules: memory", "MiB").met
    absent = (Footprint(BUNDLE, "act", 99_999, None, None, "no bundle"),)
    target = _target(_results(footprints=absent), "`act`, 100,000 rules: load", "5 s")
    assert (target.found, target.met) == ("no bundle", None)


def test_the_page_says_who_is_missing_and_why() -> None:
    page = report(_results(), PEERS)
    assert "- `refund`, oso: `oso` cannot be imported: no such module." in page
    assert "of a **short run**" in page
    assert "regorus" in page
    assert "| hand-written Python | by hand | 0.2 | 0.2 | 1 |" in page


def test_the_page_says_when_the_machine_was_busy() -> None:
    load = "load before the run"
    busy = replace(_results(), quick=False, machine={"cores": "4", load: "2.1 0.0 0.0"})
    idle = replace(_results(), quick=False, machine={"cores": "4", load: "1.9 9.0 9.0"})
    assert "**The machine was busy**" in report(busy, PEERS)
    assert "machine was busy" not in report(idle, PEERS)
    assert "of a **short run**" not in report(idle, PEERS)


def test_the_chart_is_svg_with_a_bar_each() -> None:
    svg = ElementTree.fromstring(chart("T", "a < b", {"Gatewright": 0.7, "x & y": 1500.0}))  # noqa: S314
    texts = ["".join(each.itertext()) for each in svg.iter() if each.tag.endswith("text")]
    assert {"Gatewright", "x & y", "0.7 µs", "1.5 ms", "a < b"} <= set(texts)
    assert len([each for each in svg.iter() if each.tag.endswith("rect")]) == 1 + 2


def test_make_bench_has_an_environment_of_its_own() -> None:
    assert "$(BENCH_VENV)/bin/python -m benchmarks $(BENCH)" in (ROOT / "Makefile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any("zen-engine" in each for each in project["optional-dependencies"]["dev"])
