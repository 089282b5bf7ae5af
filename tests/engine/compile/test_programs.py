"""Programs: actions that decide alike share one function, and differ in its constants."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from gatewright.engine.action import Action
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.bundled import BundledPolicy
from gatewright.engine.bundle.container import unpack
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.compile import program
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.event import Event
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from gatewright.engine.values import Map, Timestamp

HEAD = 'package p\nroute r { one of group("g") }\n'
PAY = """
action {name} on {system}.thing {{ amount: money(USD), note?: string }}
rule {name}_low on {name} when action.amount < {limit} USD => auto_run
rule {name}_high on {name} when action.amount > {limit} USD => require r
"""
NOW = Timestamp(1_800_000_000 * 10**9)


def pay(name: str, amount: str, **target: str) -> Action:
    params = {"amount": amount}
    given: dict[str, Any] = {"action": name, "params": params, "at": NOW.text}
    if target:
        given["target"] = target
    return Action.from_dict(given)


def programs(policy: PolicySet, name: str) -> list[tuple[Any, ...]]:
    """The programs of an action, by which it is decided when it comes again."""
    return [by_name[name] for by_name in policy.programs.values() if name in by_name]


def test_actions_alike_share_a_function_and_keep_their_limits() -> None:
    limits = {f"pay{n}": 5 + 7 * n for n in range(6)}
    texts = [PAY.format(name=name, limit=limit, system="s") for name, limit in limits.items()]
    policy = load_source(HEAD + "".join(texts))
    for _ in range(3):
        for name, limit in limits.items():
            found = [policy.evaluate(pay(name, f"{cents / 100:.2f} USD"))
                     for cents in (100 * limit - 1, 100 * limit, 100 * limit + 1)]  # fmt: skip
            effects = [decision.effect for decision in found]
            assert effects == [Effect.AUTO_RUN, Effect.BLOCK, Effect.REQUIRE_APPROVAL]
            assert found[0].matched == (f"p.{name}_low",)
    made = [one for name in limits for one in programs(policy, name)]
    assert len(made) == len(limits)
    assert len({id(one[0]) for one in made}) == 1
    assert len({one[1:] for one in made}) == len(limits)


def test_beyond_a_number_of_functions_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "MOST_FUNCTIONS", 0)
    monkeypatch.setattr(program, "FUNCTIONS", {})
    policy = load_source(HEAD + PAY.format(name="pay", limit=50, system="s"))
    for amount, effect in (("49 USD", "auto_run"), ("51 USD", "require_approval")) * 2:
        assert policy.evaluate(pay("pay", amount)).effect == effect
    assert not program.FUNCTIONS


def test_a_shape_tells_the_system_and_the_object() -> None:
    policy = load_source(HEAD + PAY.format(name="pay", limit=50, system="s"))
    for target in ({"system": "s", "object": "thing"}, {"system": "t"}, {"object": "other"}):
        action = pay("pay", "5 USD", **target)
        told = policy.decide_once(action)
        for _ in range(3):
            decided = policy.evaluate(action)
            assert (decided.effect, decided.errors) == (told.effect, told.errors)
        assert (told.effect == "auto_run") is (target == {"system": "s", "object": "thing"})
    fits = [one for one in programs(policy, "pay") if one]
    assert len(fits) == 1


@pytest.mark.parametrize(("condition", "by_shape"), [("", True), ("&& action.note != 'x'", False)])
def test_a_long_text_goes_to_the_interpreter_where_a_condition_reads_it(
    condition: str, by_shape: bool
) -> None:
    policy = load_source(
        HEAD + "action pay { amount: money(USD), note: string }\n"
        f"rule low on pay when action.amount < 50 USD {condition} => auto_run"
    )
    action = Action.from_dict({"action": "pay", "params": {"amount": "5 USD", "note": "n" * 9_000}})
    for _ in range(3):
        assert policy.evaluate(action, now=NOW).effect == "auto_run"
    (made,) = programs(policy, "pay")
    decided = made[0](policy, action, None, NOW, None, made)
    assert (decided is not None) is by_shape


# --- conditions on histories

ASKING = (
    HEAD
    + """
action pay { who: string, amount: money(USD) }
history pays = pay where status == "executed"
rule low on pay when action.amount < 50 USD => auto_run
guard again on pay when pays.count(who: action.who, within: 30d) >= 1 => require r
"""
)


def asked(who: str, amount: str = "5 USD") -> Action:
    given = {"action": "pay", "params": {"who": who, "amount": amount}, "at": NOW.text}
    return Action.from_dict(given)


def paid(who: str, number: int = 0) -> Event:
    return Event(f"e{number}", "pay", NOW, "executed", Map.of({"who": who}), "bot")


def ready(text: str) -> PolicySet:
    policy = load_source(text)
    for _ in range(3):
        policy.evaluate(asked("nobody"), History())
    return policy


def test_an_action_is_decided_by_one_function_that_asks() -> None:
    policy = ready(ASKING)
    (made,) = programs(policy, "pay")
    store = History([paid("ann")])
    for who, effect in (("ann", "require_approval"), ("ben", "auto_run")):
        decided = made[0](policy, asked(who), store, None, None, made)
        assert decided is not None and decided.effect == effect
        assert decided.to_dict() == policy.decide_once(asked(who), store).to_dict()


def test_what_a_history_said_is_explained_whatever_happens_later() -> None:
    policy, store = ready(ASKING), History([paid("ann")])
    before = policy.evaluate(asked("ben"), store)
    store.append(paid("ben", 1))
    assert before.effect == "auto_run"
    assert "'answer': 0" in str(before.explain().to_dict())
    assert policy.evaluate(asked("ben"), store).effect == "require_approval"


def test_a_text_that_asks_is_answered_when_the_decision_is_taken() -> None:
    text = ASKING + ' because "{pays.count(who: action.who, within: 30d)} before"'
    policy, store = ready(text), History([paid("ann")])
    decided = policy.evaluate(asked("ann"), store)
    store.append(paid("ann", 1))
    assert decided.because == ("1 before",)


def test_a_store_that_fails_makes_the_condition_an_error() -> None:
    class Failing(History):
        def index(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("gone")

    policy = ready(ASKING)
    for _ in range(2):
        decided = policy.evaluate(asked("ann"), Failing())
        assert decided.effect == policy.decide_once(asked("ann"), Failing()).effect
        assert decided.effect != "auto_run" or not decided.errors


@pytest.mark.parametrize(
    "rule",
    [
        "guard idle on pay when pays.count(within: 30d) >= 1 && false => require r",
        "@shadow guard watch on pay when pays.count(within: 30d) >= 1 => require r",
    ],
)
def test_what_nobody_had_to_ask_is_not_asked_of_a_history_that_changed(rule: str) -> None:
    text = ASKING[: ASKING.index("guard again")] + rule
    policy, store = ready(text), History()
    for action in (asked("ben"), asked("ben").to_dict()):
        unchanged = policy.evaluate(action, store)
        assert "'answer': " in str(unchanged.explain().to_dict())
        before = policy.evaluate(action, store)
        store.append(paid("ben", len(store)))
        told = str(before.explain().to_dict())
        assert "was not asked when this was decided" in told and "'answer': " not in told
        assert before.effect == "auto_run" and not before.errors


class Unsure(History):
    """A history that cannot say how often it changed, nor anything else that it need not say."""

    answers = True

    def __getattribute__(self, name: str) -> Any:
        if name in ("changes", "is_part_of_step"):
            raise OSError("gone")
        if name in ("count", "_indexes") and not self.answers:
            raise OSError("gone")
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "changes":
            super().__setattr__(name, value)


class Numberless(History):
    """A history with something else of that name."""

    @property
    def changes(self) -> Any:
        """What is no number, and cannot be compared with one."""

        class Odd:
            def __ne__(self, other: object) -> bool:
                raise OSError("gone")

            __eq__ = __ne__
            __hash__ = None  # type: ignore[assignment]

        return Odd()

    @changes.setter
    def changes(self, value: object) -> None:
        pass


def _as_it_is(policy: PolicySet) -> PolicySet:
    return policy


def _bundled(policy: PolicySet) -> PolicySet:
    return BundledSet(BundledPolicy(unpack(build(policy.policy, made_by="test"))))


@pytest.mark.parametrize("made", [Unsure, Numberless])
@pytest.mark.parametrize("of", [_as_it_is, _bundled])
def test_a_history_that_cannot_say_whether_it_changed_fails_no_decision(
    made: type[History], of: Callable[[PolicySet], PolicySet]
) -> None:
    policy, store = of(load_source(ASKING)), made()
    told = [policy.decide_once(asked("ann"), History())]
    for given in (asked("ann"), asked("ann").to_dict()):
        told += [policy.evaluate(given, store) for _ in range(4)]
    told.append(policy.decide_once(asked("ann"), store))
    assert {one.effect for one in told} == {Effect.AUTO_RUN}
    explained = [str(one.explain().to_dict()) for one in told]
    assert "'answer': 0" in explained[0]
    assert set(explained) == {explained[0]}


@pytest.mark.parametrize("of", [_as_it_is, _bundled])
def test_a_history_that_can_say_nothing_makes_its_conditions_errors(
    of: Callable[[PolicySet], PolicySet],
) -> None:
    policy, store = of(load_source(ASKING)), Unsure()
    store.answers = False
    for given in (asked("ann"), asked("ann").to_dict()):
        for _ in range(4):
            decided = policy.evaluate(given, store)
            assert decided.effect is not Effect.AUTO_RUN
            assert decided.errors
            assert str(decided.explain())


COPIES: list[Callable[[Action], Action]] = [
    copy.copy, copy.deepcopy, lambda action: pickle.loads(pickle.dumps(action)),  # noqa: S301
]  # fmt: skip


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("optional", ["", "?"])
def test_a_side_that_is_missing_is_missing_in_a_copy_too(
    copied: Callable[[Action], Action], optional: str
) -> None:
    action_type = f"action x.y {{ n: int, changes {{ F{optional}: any }} }}\n"
    known = "has(changes.F.old) && " if optional else ""
    rule = f'rule o on x.y when changes.has("F") && !({known}changes.F.old == "bad") => auto_run\n'
    policy = load_source(HEAD + "default block\non_error block\n" + action_type + rule)
    given: dict[str, Any] = {"action": "x.y", "params": {"n": 1}, "changes": {"F": {"new": "a"}}}
    action = Action.from_dict({**given, "at": NOW.text})
    told = policy.decide_once(action)
    assert (told.effect is Effect.AUTO_RUN) is bool(optional)
    for _ in range(3):
        assert policy.evaluate(copied(action)).effect is told.effect


def test_a_program_that_comes_to_no_answer_runs_once() -> None:
    class Failing(History):
        tried = 0

        def index(self, *args: Any, **kwargs: Any) -> Any:
            self.tried += 1
            raise OSError("gone")

    policy, store = ready(ASKING), Failing()
    decided = policy.evaluate(asked("ann"), store)
    assert store.tried == 1
    assert decided.effect == policy.decide_once(asked("ann"), Failing()).effect
