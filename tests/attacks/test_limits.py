"""Hostile and huge policies and documents: each is answered with a diagnostic and an exit code.

What is asserted is how much comes out, never how long it takes: sets that once took minutes or
gigabytes end this file's run where they do so again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatewright.dsl.diagnostics import MAX_REPORTED
from gatewright.engine.load import load_source
from tests.cli.run import Ran, run

pytestmark = pytest.mark.volume

HEAD = """package p
action a.b { x: int, s: string }
route manager { one of group("managers") }
"""
Files = Mapping[str, str | bytes]


def repeated(line: str, count: int) -> str:
    """Return lines that differ in `{n}` and `{next}`, the number of the line after, in a circle."""
    return "".join(
        line.replace("{n}", str(n)).replace("{next}", str((n + 1) % count)) for n in range(count)
    )


def routes(count: int, item: str) -> str:
    return repeated(f'route r{{n}} {{ one of group("g") {item} }}\n', count)


def ladder(count: int) -> str:
    ranks = "".join(f'route r{n} {{ one of group("g") outranks r{n + 1} }}\n' for n in range(count))
    return f'{ranks}route r{count} {{ one of group("g") }}\n'


def data(name: str, text: str | bytes) -> Files:
    return {"p.gate": HEAD, f"data/{name}": text}


@dataclass(frozen=True, slots=True)
class Refused:
    """A set, the codes of its errors, and the exit code of `check`."""

    files: Files | str
    codes: frozenset[str]
    exit_code: int = 1


def refused(files: Files | str, *codes: str, exit_code: int = 1) -> Refused:
    return Refused(files, frozenset(codes), exit_code)


REFUSED: Mapping[str, Callable[[], Refused]] = {
    # names that nothing has, with many that they could be meant for
    "lets-of-unknown-names": lambda: refused(
        "package p\n" + repeated("let name_{n} = name_{n}x\n", 3_000), "GW0301"
    ),
    "lets-of-long-unknown-names": lambda: refused(
        "package p\n" + repeated(f"let {'a' * 90}_{{n}} = {'a' * 90}_{{n}}x\n", 1_500), "GW0301"
    ),
    "unknown-fields": lambda: refused(
        "package p\naction a.b { " + repeated("f{n}: int,\n", 2_000) + "}\n"
        + repeated("rule r{n} on a.b when action.g{n} > 1 => auto_run\n", 700), "GW0302",
    ),
    "unknown-routes": lambda: refused(
        HEAD + routes(1_000, "") + repeated("guard g{n} => require q{n}\n", 1_500), "GW0204"
    ),
    "unknown-actions": lambda: refused(
        "package p\n" + repeated("action a.b{n} { x: int }\n", 1_000)
        + repeated("guard g{n} on a.bx{n} => block\n", 1_000), "GW0205",
    ),
    "values-of-no-enum": lambda: refused(
        "package p\naction a.b { x: enum(" + repeated('"v{n}",', 5_000) + '"v") }\n'
        + repeated('guard g{n} when action.x == "w{n}" => block\n', 800), "GW0307",
    ),
    # rows
    "cases-of-2500-rows": lambda: refused(
        HEAD + "rule r on a.b cases {\n" + repeated("action.x == {n} => auto_run\n", 2_500) + "}",
        "GW0706",
    ),
    "cases-of-unknown-fields": lambda: refused(
        HEAD + "rule r on a.b cases {\n" + repeated("action.y == {n} => auto_run\n", 900) + "}",
        "GW0302",
    ),
    "tier-of-rows-that-overlap": lambda: refused(
        HEAD + "rule r on a.b tier action.x {\n< 0 => block\n"
        + repeated("0 .. {n} => block\n", 2_500) + "> 2499 => block\n}", "GW0408",
    ),
    "table-of-rows-that-overlap": lambda: refused(
        HEAD + "rule r on a.b table (action.x, action.s) {\n"
        + repeated("{n} | _ => auto_run\n", 1_000) + repeated('_ | "{n}" => block\n', 1_000) + "}",
        "GW0411",
    ),
    "lines-of-conditions": lambda: refused(
        HEAD + "guard g on a.b\n" + "when action.x > 1\n" * 2_000 + "=> block\n", "GW0707"
    ),
    # routes
    "routes-that-outrank-in-a-chain": lambda: refused(HEAD + ladder(1_000), "GW0708"),
    "routes-that-outrank-in-a-circle": lambda: refused(
        HEAD + routes(1_000, "outranks r{next}"), "GW0505", "GW0708"
    ),
    "routes-that-escalate-in-a-circle": lambda: refused(
        HEAD + routes(1_000, "timeout 4h then escalate r{next}"), "GW0506"
    ),
    "routes-of-one-effect": lambda: refused(
        HEAD + routes(1_500, "") + "guard g => require "
        + " and ".join(f"r{n}" for n in range(750)) + " then "
        + " and ".join(f"r{n}" for n in range(750, 1_500)) + "\n", "GW0709",
    ),
    "silence-that-approves": lambda: refused(
        HEAD + "@irreversible\naction a.c { }\n" + routes(600, "timeout 4h then approve")
        + repeated("guard g{n} on a.* => require r{n}\n", 600), "GW0507",
    ),
    "lets-in-a-circle": lambda: refused(
        "package p\n" + repeated("let l{n} = l{next}\n", 3_000), "GW0212"
    ),
    "lets-that-are-names-in-a-chain": lambda: refused(
        "package p\nlet l1000 = true\n" + "".join(f"let l{n} = l{n + 1}\n" for n in range(1_000)),
        "GW0703",
    ),
    "lets-in-a-chain-of-packages": lambda: refused(
        {"z.gate": "package p1000\nlet x = true\n", **{
            f"p{n}.gate": f"package p{n}\nimport p{n + 1} as next\nlet x = next.x\n"
            for n in range(1_000)
        }}, "GW0703",
    ),
    "types-in-a-chain": lambda: refused(
        "package p\ntype T1000 { x: int }\n"
        + "".join(f"type T{n} {{ x: T{n + 1} }}\n" for n in range(1_000)), "GW0703",
    ),
    # what concerns everything
    "guards-on-everything": lambda: refused(
        "package p\n" + repeated("action a.b{n} { x{n}: int }\n", 500)
        + repeated("guard g{n} on * when true => block\n", 500), "GW0710",
    ),
    "risks-on-everything": lambda: refused(
        "package p\n" + repeated("action a.b{n} { x{n}: int }\n", 500)
        + repeated("risk r{n} on * when true => 5\n", 500), "GW0710",
    ),
    # texts
    "tokens": lambda: refused("package p\n" + "let a = 1\n" * 13_000, "GW0702"),
    "declared-again": lambda: refused("package p\n" + "let a = 1\n" * 3_000, "GW0201"),
    "misspelt-declarations": lambda: refused("package p\n" + "ruel r => block\n" * 3_000, "GW0101"),
    "brackets": lambda: refused("package p\nlet x = " + "{" * 49_000, "GW0703"),
    "control-characters": lambda: refused("package p\n" + "\x01\n" * 400_000, "GW0102", "GW0702"),
    # data
    "json-of-numbers": lambda: refused(data("x.json", f"[{'1,' * 2_000_000}1]"), "GW0705"),
    "json-of-empty-lists": lambda: refused(data("x.json", f"[{'[],' * 1_300_000}1]"), "GW0705"),
    "json-of-keys": lambda: refused(
        data("x.json", json.dumps({f"k{n}": n for n in range(200_000)})), "GW0705"
    ),
    "json-of-endless-text": lambda: refused(data("x.json", '["' + '\\"' * 2_000_000), "GW0802"),
    "json-of-brackets": lambda: refused(data("x.json", "[" * 90_000), "GW0802"),
    "yaml-of-numbers": lambda: refused(data("x.yaml", f"[{'1,' * 2_000_000}1]"), "GW0705"),
    "yaml-of-objects": lambda: refused(
        data("x.yaml", "- {id: 5, name: someone}\n" * 150_000), "GW0705"
    ),
    "yaml-of-brackets": lambda: refused(data("x.yaml", "[" * 3_000_000), "GW0802"),
    "yaml-of-aliases": lambda: refused(
        data("x.yaml", "a: &a [x, x]\n" + "".join(
            f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
        )), "GW0802",
    ),
    "yaml-of-merged-keys": lambda: refused(
        data("x.yaml", "a: &a {x: 1}\nb:\n  <<: *a\n"), "GW0802"
    ),
    "data-of-more-bytes": lambda: refused(data("x.yaml", b"#\n" * 9_000_000), "GW0701"),
    # what is no text
    "no-text-behind-many-errors": lambda: refused(
        {**{f"f{n:03}.gate": "package p\nlet x = \n" for n in range(120)}, "z.gate": b"\xff"},
        "GW0101", "GW0801", exit_code=2,
    ),
    "no-text-of-data-behind-many-errors": lambda: refused(
        {"p.gate": "package p\n" + "let = \n" * 10 + repeated("let n{n} = zz{n}\n", 200),
         **{f"f{n:03}.gate": "package p\nlet x = \n" for n in range(120)},
         "data/x.json": b'{"caf\xe9": 1}'},
        "GW0101", "GW0801", exit_code=2,
    ),
}  # fmt: skip


def written(folder: Path, files: Files | str) -> Path:
    """Write a set into a folder."""
    named: Files = {"p.gate": files} if isinstance(files, str) else files
    for name, text in named.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return folder


def codes(ran: Ran) -> Counter[str]:
    """Return how often each code of an error was told as JSON."""
    told = json.loads(ran.out)
    return Counter(one["code"] for one in told if one["severity"] == "error")


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str, tmp_path: Path) -> None:
    case = REFUSED[name]()
    ran = run("check", "--format", "json", written(tmp_path, case.files))
    found = codes(ran)
    assert set(found) == case.codes
    assert ran.code == case.exit_code
    assert 1 <= found.total() <= MAX_REPORTED
    assert all(len(one["message"]) < 2_100 for one in json.loads(ran.out))


def test_fmt_shows_a_hundred_errors_and_says_what_is_no_text(tmp_path: Path) -> None:
    files: Files = {f"f{n:03}.gate": "package p\nlet x = \n" for n in range(120)}
    ran = run("fmt", "--check", written(tmp_path, {**files, "z.gate": b"\xff"}))
    assert ran.code == 2
    assert ran.err.count("error[") == MAX_REPORTED
    assert "z.gate:1:1: error[GW0801]" in ran.err
    assert "21 more not shown" in ran.err


ACTION = {"action": "a.b", "params": {"x": 10**6, "s": "a"}, "agent": {"id": "bot"}}
LARGE: Mapping[str, tuple[str, str]] = {
    "guards": ("rule open on a.b => auto_run\n"
               + repeated("guard g{n} on a.b when action.x > {n} => require manager\n", 1_500),
               "require_approval"),
    "tier": ("rule r on a.b tier action.x {\n< 0 => block\n"
             + repeated("{n} .. {n} => require manager\n", 2_000) + "> 1999 => block\n}",
             "block"),
    "cases": ("rule r on a.b cases {\n" + repeated("action.x == {n} => auto_run\n", 249)
              + "else => require manager\n}", "require_approval"),
    "table": ("rule r on a.b table (action.x) {\n" + repeated("{n} => auto_run\n", 2_000)
              + "1000000 => require manager\n}", "require_approval"),
    "lists": ("rule r on a.b when action.x in [" + repeated("{n},", 5_000) + "1000000] => auto_run",
              "auto_run"),
}  # fmt: skip
"""Rules of one action, and what becomes of ACTION."""


@pytest.mark.parametrize("command", ["eval", "explain"])
@pytest.mark.parametrize("name", LARGE)
def test_a_large_set_decides(name: str, command: str, tmp_path: Path) -> None:
    rules, effect = LARGE[name]
    folder = written(tmp_path, HEAD + rules)
    action = tmp_path / "action.json"
    action.write_text(json.dumps(ACTION), "utf-8")
    ran = run(command, folder, "--action", action)
    assert ran.code == 0
    shown = {"require_approval": "REQUIRE APPROVAL"}.get(effect, effect.upper())
    assert (f'"{effect}"' if command == "eval" else shown) in ran.out


@pytest.mark.parametrize("name", ["guards", "tier", "table"])
def test_compiled_it_decides_the_same(name: str) -> None:
    rules, effect = LARGE[name]
    policy = load_source(HEAD + rules)
    once = policy.decide_once(ACTION)
    assert not policy.units.known  # nothing is compiled for one decision
    for x in (-1, 0, 7, 1_499, 1_500, 1_999, 2_000):
        action = {**ACTION, "params": {"x": x, "s": "a"}}
        assert policy.evaluate(action).effect is policy.decide_once(action).effect
    assert policy.units.known
    assert once.effect.value == policy.evaluate(ACTION).effect.value == effect


def test_packages_may_import_one_another_in_a_large_circle(tmp_path: Path) -> None:
    ring = {
        f"p{n}.gate": f"package p{n}\nimport p{(n + 1) % 1_500} as next\n"
        'route r { one of group("g") }\n'
        for n in range(1_500)
    }
    more = "import p7\nrule r on a.b when action.x > 1 => require p7.r\n"
    folder = written(tmp_path, {**ring, "p.gate": HEAD.replace("\n", f"\n{more}", 1)})
    ran = run("check", "--no-lint", folder)
    assert (ran.code, ran.err) == (0, "no errors\n")


def test_a_package_may_be_imported_under_thousands_of_names(tmp_path: Path) -> None:
    """A route that is not there is looked for among some of 23 million; scopes share the names."""
    guard = "guard g{n} on p.a{n} when action.f{n} == 1 => require nobody\n"
    files = {
        "q.gate": "package q\n" + routes(2_300, "timeout 4h then reject"),
        "p.gate": "package p\n" + repeated("import q as q{n}\n", 10_000),
        "rest.gate": "package p\n" + repeated("action p.a{n} { f{n}: int }\n" + guard, 1_000),
    }
    ran = run("check", "--no-lint", written(tmp_path, files))
    assert (ran.code, ran.err.count("GW0204")) == (1, 100)


def test_data_at_the_limit_is_read(tmp_path: Path) -> None:
    files = data("x.json", json.dumps([",[{" for _ in range(99_999)]))
    ran = run("check", "--no-lint", written(tmp_path, files))
    assert (ran.code, ran.err) == (0, "no errors\n")
