"""An exception takes away the guards that it names, in its time, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.properties.support import Facts, at_least_as_strict, decide, examples, loaded
from tests.strategies.policies import GeneratedSet, added_exceptions, policy_sets
from tests.strategies.rules import WINDOWS, Declared


def _guards(made: GeneratedSet) -> list[tuple[str, Declared]]:
    return [(p, d) for p, d in made.declared if d.kind == "guard" and "@shadow" not in d.text]


@examples(0.5)
@given(st.data())
def test_an_exception_takes_away_its_guards_and_nothing_else(data: st.DataObject) -> None:
    made = data.draw(policy_sets())
    guards = _guards(made)
    assume(guards)
    package, guard = data.draw(st.sampled_from(guards))
    home, exception = data.draw(added_exceptions(made, (f"{package}.{guard.name}",)))
    before, after = loaded(made), loaded(made.adding(home, exception))
    # A guard in shadow is evaluated, but has no part in the decision.
    shadow = replace(guard, parts=(str(guard.parts[0]).replace("guard ", "@shadow guard ", 1),
                                   *guard.parts[1:]))  # fmt: skip
    without = loaded(made.replacing(guard, shadow))
    [found] = [e for e in after.policy.exceptions if e.name == "added"]
    for action in made.actions:
        facts = Facts(after.policy, made, action)
        score = facts.answer().score
        verdicts = {facts.judge(home, c, score) for c in found.conditions}
        open_now = found.from_nanos <= made.now.nanos < found.until_nanos
        counted = found.max_uses is None or made.uses_of(found.qualified) is not None
        old, new, least = (decide(p, made, action) for p in (before, after, without))
        assert at_least_as_strict(after.policy, new, least)
        if not (open_now and counted) or "F" in verdicts:
            assert (new.effect, new.stages) == (old.effect, old.stages)
        elif "E" in verdicts:
            assert at_least_as_strict(after.policy, new, old)
        else:
            assert (new.effect, new.stages) == (least.effect, least.stages)


@examples(0.2)
@given(st.data())
def test_an_exception_out_of_its_time_changes_nothing(data: st.DataObject) -> None:
    made = data.draw(policy_sets())
    lifted = [(p, d) for p, d in made.declared if d.kind in ("guard", "rule")]
    assume(lifted)
    names = tuple(f"{p}.{d.name}" for p, d in lifted)
    package, exception = data.draw(
        added_exceptions(made, names, data.draw(st.sampled_from(WINDOWS[2:])))
    )
    before, after = loaded(made), loaded(made.adding(package, exception))
    for action in made.actions:
        old, new = decide(before, made, action), decide(after, made, action)
        assert (old.effect, old.stages, old.matched) == (new.effect, new.stages, new.matched)
        assert [e.message for e in old.errors] == [e.message for e in new.errors]
