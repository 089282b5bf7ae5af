from __future__ import annotations

from dataclasses import replace

import pytest

from gatewright.dsl import ast
from gatewright.engine.load import load_source
from gatewright.engine.policy_tests.coverage import Coverage, FileCoverage
from gatewright.engine.policy_tests.coverage_report import (
    coverage_json,
    coverage_text,
    percent,
    total_percent,
)
from gatewright.engine.policy_tests.run import run_tests


def covered(policy: str, *tests: str) -> FileCoverage:
    """Measure tests, written as `given ... expect ...`, of a policy in one file."""
    blocks = "".join(f'test "t{n}" {{ {body} }}\n' for n, body in enumerate(tests))
    policy_set = load_source(policy + blocks, name="p.gate")
    coverage = Coverage(policy_set.policy)
    results = run_tests(policy_set, observe=coverage.observe)
    assert all(result.passed for result in results), [r.message for r in results]
    (file,) = coverage.files()
    return file


def missed(file: FileCoverage) -> list[str]:
    return [f"{goal.at.line}:{goal.at.column} {goal}" for goal in file.missed]


HEAD = """\
package a
action a.x { n: int, m: money(USD) >= 0 USD, b?: bool, s: string(max: 9), d: decimal, l: list<int> }
route boss { one of group("bosses") timeout 4h then reject }
"""
GIVEN = 'given a.x {{ n: {n}, m: {m}, s: "{s}", d: {d}, l: {l} {more} }} expect risk 0'


def given(
    n: int = 0, m: str = "0 USD", s: str = "", d: str = "0", items: str = "[]", more: str = ""
) -> str:
    return GIVEN.format(n=n, m=m, s=s, d=d, l=items, more=more)


def test_rules_and_rows_are_matched() -> None:
    policy = HEAD + (
        "rule two on a.x\n  cases {\n    action.n == 1 => auto_run\n    else => require boss\n  }\n"
        "guard one on a.x when action.n == 1 => require boss\n"
    )
    file = covered(policy, given(n=1))
    assert missed(file) == [
        "6:5 `action.n == 1`: never false",
        "7:5 rule two => require boss: never matched",
        "9:23 `action.n == 1`: never false",
    ]
    assert file.counts == {"rules": (2, 3), "conditions": (2, 4)}
    assert (file.tried, file.total) == (4, 7)
    both = covered(policy, given(n=1), given(n=2))
    assert missed(both) == []


def test_operands_are_seen_true_and_false_each_on_its_own() -> None:
    policy = HEAD + (
        "rule r on a.x\n"
        '  when action.n == 1 && (!(action.s == "x") || action.d == 2)\n'
        "  unless has(action.b) ? action.b : action.n == 9\n"
        "  => auto_run\n"
    )
    file = covered(policy, given(n=1, s="x"))
    assert missed(file) == [
        "4:6 rule r => auto_run: never matched",
        "5:8 `action.n == 1`: never false",
        '5:27 `action.s == "x"`: never false',
        "5:48 `action.d == 2`: never true",
        "6:10 `has(action.b)`: never true",
        "6:26 `action.b`: never true",
        "6:26 `action.b`: never false",
        "6:37 `action.n == 9`: never true",
    ]


def test_what_is_not_evaluated_is_not_tried() -> None:
    policy = HEAD + "rule r on a.x when action.n == 1 && action.d < 5 => auto_run\n"
    file = covered(policy, given(n=2, d="4.99"))
    assert "4:37 `action.d < 5`: never true" in missed(file)
    assert any("`action.d` beside 5: never just below" in text for text in missed(file))


@pytest.mark.parametrize("condition", ["true", "yes", "1 < 2", "yes && no"])
def test_constant_conditions_are_no_goals(condition: str) -> None:
    policy = HEAD + (
        "let yes = true\nlet no = false\n"
        f"guard g on a.x when action.n == 1 || ({condition}) => block\n"
    )
    goals = {goal.subject for goal in covered(policy, given()).missed}
    assert goals <= {"guard g => block", "`action.n == 1`", "`1 < 2`"}


def test_a_let_counts_by_what_it_stands_for() -> None:
    policy = HEAD + (
        "let limit = 5\n"
        "let inner = action.n > limit\n"
        'let big = inner || action.s == "x"\n'
        "guard g on a.x when big && !big => block\n"
        "guard h on a.x when big => block\n"
        "guard i on a.x when [inner].size() == 1 => block\n"
    )
    file = covered(policy, given(n=6))
    assert missed(file) == [
        "5:13 `action.n > limit`: never false",
        "5:13 `action.n` beside 5: never just below, such as 4",
        "5:13 `action.n` beside 5: never exactly 5",
        '6:20 `action.s == "x"`: never true',
        '6:20 `action.s == "x"`: never false',
        "7:7 guard g => block: never matched",
        "9:21 `[inner].size() == 1`: never false",
    ]


def test_a_let_that_errs_counts_what_was_seen_before() -> None:
    policy = HEAD + (
        "let odd = action.n == 1 ? 10 / action.n > 1 : [1][5] == action.n\n"
        "guard g on a.x when odd => block\n"
    )
    file = covered(policy, given(n=2))
    texts = missed(file)
    assert "4:11 `action.n == 1`: never false" not in texts
    assert "4:11 `action.n == 1`: never true" in texts


@pytest.mark.parametrize(
    ("condition", "values", "left"),
    [
        ("action.m < 50 USD", {"m": ["49.99 USD", "50 USD", "50.01 USD"]}, []),
        ("action.m < 50 USD", {"m": ["49.98 USD", "50 USD", "50.02 USD"]}, ["below", "above"]),
        ("50 USD >= action.m", {"m": ["49.995 USD", "50.001 USD"]}, ["exactly"]),
        ("action.m > 0.005 USD", {"m": ["0.004 USD", "0.005 USD", "0.006 USD"]}, []),
        ("action.m > 0.005 USD", {"m": ["0 USD", "0.005 USD", "0.01 USD"]}, ["below", "above"]),
        ("action.m >= 0 USD", {"m": ["0 USD", "0.01 USD"]}, []),
        ("action.n in 3 .. 5", {"n": [2, 3, 4, 5, 6]}, []),
        ("action.n in 3 .. 5", {"n": [4]}, ["exactly", "exactly", "below", "above"]),
        ("action.d <= 1.5", {"d": ["1.49", "1.5", "1.51"]}, []),
        ("action.d <= 1.5", {"d": ["1.4", "1.50", "1.6"]}, ["below", "above"]),
        ("action.s.size() > 0", {"s": ["", "x"]}, []),
        ("size(action.s) <= 9", {"s": ["12345678", "123456789"]}, []),
        ("action.l.size() < 2", {"items": ["[1]", "[1, 2]", "[1, 2, 3]"]}, []),
        ("action.n > -1 * 2", {"n": [-3, -2, -1]}, []),
    ],
)
def test_thresholds_are_tried_at_and_just_beside(
    condition: str, values: dict[str, list[object]], left: list[str]
) -> None:
    policy = HEAD + f"guard g on a.x when {condition} => block\n"
    ((name, tried),) = values.items()
    file = covered(policy, *(given(**{name: value}) for value in tried))  # type: ignore[arg-type]
    untried = [goal.missing for goal in file.missed if goal.kind == "thresholds"]
    assert len(untried) == len(left)
    assert all(any(word in text for text in untried) for word in left)


TIMED = """\
package a
action a.x { t: timestamp, d: duration, f: double, u: uint }
"""


@pytest.mark.parametrize(
    ("condition", "name", "tried"),
    [
        ("action.d < 1h", "d", ["3599s", "1h", "3601s"]),
        ("action.d < 1h", "d", ["duration(\"3599.5s\")", "1h", "duration(\"3600.1s\")"]),
        ("action.t < 2026-01-01T00:00:00Z", "t",
         ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]),
        ("now < 2026-01-01T00:00:00Z", "now",
         ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]),
        ("action.f < 0.3", "f", ["0.29", "0.3", "0.31"]),
        ("action.u > 0u", "u", ["0", "1"]),
        ("action.u > 1.5", "u", ["1", "2"]),
    ],
)  # fmt: skip
def test_thresholds_of_times_and_doubles(condition: str, name: str, tried: list[str]) -> None:
    policy = TIMED + f"guard g on a.x when {condition} => block\n"
    base = {"t": "2020-01-01T00:00:00Z", "d": "5s", "f": "9.0", "u": "9"}
    tests: list[str] = []
    for value in tried:
        values = dict(base) if name == "now" else {**base, name: value}
        clock = f"now {value} " if name == "now" else ""
        params = ", ".join(f"{key}: {text}" for key, text in values.items())
        tests.append(f"{clock}given a.x {{ {params} }} expect risk 0")
    policy += "rule r on a.x => auto_run\n"
    file = covered(policy, *tests)
    assert [str(goal) for goal in file.missed if goal.kind == "thresholds"] == []
    assert file.counts["thresholds"][1] == len(tried)


def test_one_threshold_of_a_rule_is_one_goal() -> None:
    policy = HEAD + (
        "rule r on a.x\n  tier action.n {\n    < 5 => auto_run\n    5 .. 7 => require boss\n"
        "    > 7 => block\n  }\n"
    )
    assert covered(policy, given()).counts["thresholds"] == (0, 6)


def test_risk_and_data_and_undeclared_fields() -> None:
    policy = (
        'package a\nrisk r1 on a.* when action.v > 5 => 30 because "v"\n'
        "guard g on a.* when risk > 20 && action.w >= 2 => block\n"
    )
    tests = (
        "given a.y { v: 6, w: 2 } expect risk 30",
        "given a.y { v: 5, w: 1 } expect risk 0",
        'given a.y { v: "text", w: 1 } expect risk 30 expect error',
        "given a.y { v: true, w: 1 } expect error",
        "given a.y { v: 1.5, w: 1 } expect risk 0",
    )
    file = covered(policy, *tests)
    assert file.counts["thresholds"] == (4, 6)
    assert file.counts["risks"] == (1, 1)
    assert not any("`risk`" in goal.subject for goal in file.missed)


def test_risks_permits_and_exceptions_are_used() -> None:
    policy = (
        "package a\naction a.x { n: int }\nlet much = action.n > 5\n"
        'permit agent "bot" to a.x\npermit when agent.team == "t" to a.*\n'
        'risk big on a.x when much => 30 because "big"\n'
        "rule r on a.x => auto_run\nguard g on a.x when action.n == 7 => block\n"
        'exception e suspends g {\n  when agent.team == "t" && much\n'
        "  from 2025-12-31T00:00:00Z\n  until 2026-01-02T00:00:00Z\n"
        '  owner "o"\n  reason "r"\n  ticket "T-1"\n}\n'
    )
    file = covered(policy, 'given agent { id: "x", team: "u" } given a.x { n: 1 } expect block')
    assert [str(g) for g in file.missed if g.kind in ("permits", "risks", "exceptions")] == [
        'permit agent "bot" to a.x: never used',
        "permit when ... to a.*: never used",
        "risk big: never counted",
        "exception e: never suspended anything",
    ]
    file = covered(
        policy,
        'given agent { id: "bot", team: "t" } given a.x { n: 7 } expect auto_run expect risk 30',
        'given agent { id: "bot", team: "u" } given a.x { n: 7 } expect block',
        'given agent { id: "bot", team: "u" } given a.x { n: 4 } expect auto_run',
    )
    assert [str(g) for g in file.missed if g.kind in ("permits", "risks", "exceptions")] == []
    assert "`much`: never false" in {str(goal) for goal in file.missed}


def test_bodies_of_macros_are_left_out() -> None:
    policy = HEAD + (
        "guard g on a.x when action.l.all(i, i < 5) && cel.bind(k, 5, action.n < k) => block\n"
    )
    file = covered(policy, given())
    assert "thresholds" not in file.counts


def test_other_data_is_measured_too() -> None:
    policy = (
        "package a\naction a.x { s: string }\nguard g on a.x when action.s in data.no => block\n"
    )
    policy_set = load_source(
        policy + 'test "t" { given a.x { s: "q" } given data { no: ["q"] } expect block }',
        data={"no": ["p"]},
        name="p.gate",
    )
    coverage = Coverage(policy_set.policy)
    (result,) = run_tests(policy_set, observe=coverage.observe)
    assert result.passed
    assert [str(g) for g in coverage.files()[0].missed] == ["`action.s in data.no`: never false"]


def test_standard_packages_are_not_reported() -> None:
    policy_set = load_source("package a\naction a.x { }\nguard g on a.x => block\n", name="p.gate")
    (file,) = policy_set.policy.files
    assert file.package is not None
    standard = replace(file, package=ast.QualifiedName(("std", "x"), span=file.package.span))
    coverage = Coverage(replace(policy_set.policy, files=(standard,)))
    assert coverage.files() == ()


def test_a_long_chain_of_lets_ends() -> None:
    lets = "".join(f"let v{n} = v{n + 1}\n" for n in range(60))
    policy = HEAD + lets + "let v60 = action.n == 1\nguard g on a.x when v0 => block\n"
    file = covered(policy, given())
    assert file.total > 0


# --- reports


def test_percentages_are_cut() -> None:
    assert percent(0, 3) == 0.0
    assert percent(2, 3) == 66.6
    assert percent(3, 3) == 100.0


def test_the_text_lists_files_and_what_is_missing() -> None:
    file = covered(HEAD + "guard g on a.x when action.n == 1 => block\n", given())
    assert coverage_text([file]) == (
        "Coverage by tests\n"
        "p.gate  33.3%  (rules 0/1, conditions 1/2)\n"
        "  4:7  guard g => block: never matched\n"
        "  4:21  `action.n == 1`: never true\n"
        "total 33.3%\n"
    )


def test_the_json_has_the_same() -> None:
    file = covered(HEAD + "guard g on a.x when action.n == 1 => block\n", given())
    report = coverage_json([file])
    assert report["percent"] == total_percent([file]) == 33.3
    assert report["files"] == [
        {
            "file": "p.gate",
            "percent": 33.3,
            "counts": {
                "rules": {"tried": 0, "total": 1},
                "conditions": {"tried": 1, "total": 2},
            },
            "missed": [
                {
                    "kind": "rules",
                    "subject": "guard g => block",
                    "missing": "never matched",
                    "at": {"file": "p.gate", "line": 4, "column": 7},
                },
                {
                    "kind": "conditions",
                    "subject": "`action.n == 1`",
                    "missing": "never true",
                    "at": {"file": "p.gate", "line": 4, "column": 21},
                },
            ],
        }
    ]


def test_nothing_to_try_is_all_of_it() -> None:
    assert coverage_text([]) == "Coverage by tests\ntotal 100.0%\n"


def test_a_tier_over_a_change_names_the_field() -> None:
    policy = (
        "package a\naction a.x { changes { n: int } }\n"
        "rule r on a.x\n  tier changes.n.new {\n    < 5 => auto_run\n    >= 5 => block\n  }\n"
    )
    file = covered(policy, "given a.x { } expect block")
    assert '4:8 `changes.has("n")`: never true' in missed(file)


def test_a_text_of_no_declared_type_tries_a_threshold_too() -> None:
    policy = HEAD + "rule old on a.x when agent.age >= 14d => auto_run\n"
    texts = ("14d", "1209599s", "soon")
    tests = [given(more=f'}} given agent {{ age: "{age}"') for age in texts]
    assert missed(covered(policy, *tests)) == [
        "4:22 `agent.age` beside 14d: never just above, such as 1209601s"
    ]


def test_a_file_that_is_called_like_one_of_the_library_counts() -> None:
    text = (
        "package a\nimport std.people\naction a.x { }\nrule all on a.x => require people.manager\n"
    )
    policy = load_source(text, name="std/people/people.gate").policy
    missing = [goal.missing for file in Coverage(policy).files() for goal in file.missed]
    assert "never matched" in missing
