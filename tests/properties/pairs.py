"""Very many pairs of a policy set and an action: interpreted, compiled and bundled decide alike.

`python -m tests.properties.pairs --pairs 200000 --seed 1` tells how many pairs it compared, and
shows the set and the action of the first that differs. The same seed makes the same pairs.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from random import Random
from unittest import mock

import click

from gatewright.engine import evaluate
from gatewright.engine.action import Action
from gatewright.engine.bundle import compiled_layout
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.compile import forest
from gatewright.engine.decision import Answer, Decision, answer_of
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.truth import Truth
from tests.engine.bundle.support import bundled
from tests.strategies.policies import UNDECLARED, GeneratedSet, load, made_set
from tests.strategies.proposals import proposals

ACTIONS_OF_A_SET = 60
_SETS_OF_A_JOB = 20


def interpreted(policy: PolicySet, made: GeneratedSet, action: Mapping[str, object]) -> Answer:
    """Return the answer of the reference interpreter."""
    outcome = policy.outcome(action, made.history, now=made.now, uses=made.uses_of)
    matched = tuple(
        r.rule.qualified for r in outcome.rules if r.truth is Truth.TRUE and not r.rule.shadow
    )
    return answer_of(outcome.effect, outcome.approvals.stages, matched, policy.policy)


def told(decision: Decision) -> Answer:
    """Return what a decision answers."""
    return Answer(decision.effect, decision.routes, decision.stages, decision.matched)


def compare(seed: str) -> Counter[str]:
    """Compare all decisions about the actions of one set; count them by their effect.

    Raises AssertionError with the set and the action for the first that differ.
    """
    random = Random(seed)  # noqa: S311 - the same pairs again for the same seed
    made = made_set(random.randrange, rule_count=8)
    policy = load(made.files, made.data)
    unpacked = BundledSet(bundled(build(policy.policy)))
    seen: Counter[str] = Counter()
    for _ in range(ACTIONS_OF_A_SET):
        action = proposals(random.randrange, made.world.actions, UNDECLARED).action
        wanted = interpreted(policy, made, action)
        for name, found in _decisions(policy, unpacked, made, action):
            assert found == wanted, (
                f"{name} decides otherwise, seed {seed!r}:\n{made!r}\n{json.dumps(dict(action))}\n"
                f"interpreted: {wanted}\n{name}: {found}"
            )
        seen[wanted.effect.value] += 1
    return seen


def _decisions(
    policy: PolicySet, unpacked: PolicySet, made: GeneratedSet, action: Mapping[str, object]
) -> Iterator[tuple[str, Answer]]:
    """Yield the answers of each way to decide, from the raw action and from one read before."""
    prepared = Action.read(action)[0]
    for form, given in (("raw", action), ("prepared", prepared)):
        for name, decider in (("compiled", policy), ("out of a bundle", unpacked)):
            decision = decider.evaluate(given, made.history, now=made.now, uses=made.uses_of)
            yield f"{name}, {form}", told(decision)


def compare_some(seed: int, job: int) -> Counter[str]:
    """Compare the sets of one job of a run."""
    seen: Counter[str] = Counter()
    with (
        mock.patch.object(evaluate, "COMPILED_FROM", 1),  # from the first decision on
        mock.patch.object(forest, "DICTS_FROM", 1),
        mock.patch.object(compiled_layout, "LEAST_ROWS", 0),  # bundles carry all compiled forms
    ):
        for number in range(job * _SETS_OF_A_JOB, (job + 1) * _SETS_OF_A_JOB):
            seen += compare(f"{seed}-{number}")
    return seen


@click.command()
@click.option("--pairs", default=200_000, show_default=True, help="How many to compare at least.")
@click.option("--seed", default=1, show_default=True)
@click.option("--workers", default=os.cpu_count() or 1, show_default="one a core")
def main(pairs: int, seed: int, workers: int) -> None:
    """Compare the three ways to decide over very many pairs of a policy set and an action."""
    jobs = -(-pairs // (_SETS_OF_A_JOB * ACTIONS_OF_A_SET))
    seen: Counter[str] = Counter()
    with ProcessPoolExecutor(workers) as pool:
        try:
            for done, found in zip(
                count(1), pool.map(partial(compare_some, seed), range(jobs)), strict=False
            ):
                seen += found
                if done % 20 == 0:
                    click.echo(f"{seen.total():,} pairs", err=True)
        except AssertionError as error:
            pool.shutdown(cancel_futures=True)
            click.echo(str(error), err=True)
            sys.exit(1)
    effects = ", ".join(f"{number:,} {effect}" for effect, number in sorted(seen.items()))
    click.echo(f"{seen.total():,} pairs, {jobs * _SETS_OF_A_JOB:,} sets, 0 mismatches: {effects}")


if __name__ == "__main__":
    main()
