"""Policy sets that are no reasonable files of a repository: very large, very deep, not text.

What `check` shows for one stands in `generated/NAME.txt`.
"""

from __future__ import annotations

from collections.abc import Mapping

_HEAD = b"package billing.refunds\n\n"


def _one(text: bytes) -> Mapping[str, bytes]:
    return {"policy.gate": _HEAD + text}


def _action(text: bytes) -> Mapping[str, bytes]:
    return _one(b"action billing.refund { number: int }\n\n" + text)


def _with_data(name: str, content: bytes) -> Mapping[str, bytes]:
    return {"policy.gate": _HEAD, name: content}


GENERATED: Mapping[str, Mapping[str, bytes]] = {
    "file-too-large": _one(b"// a long comment\n" * 60_000),
    "file-of-10-megabytes": _one(b"let x = " + b"a" * 10_000_000),
    "too-many-tokens": _one(b"let small = 50 USD\n" * 10_000),
    "too-many-comments": _one(b"//\n" * 60_000),
    "too-many-placeholders": _one(b'guard g => block because "' + b"{a}" * 20_000 + b'"\n'),
    "parentheses-100000": _one(b"let deep = " + b"(" * 100_000 + b"1" + b")" * 100_000),
    "negations-100000": _one(b"let deep = " + b"!" * 100_000),
    "negations-40000": _one(b"let deep = " + b"!" * 40_000 + b"true"),
    "line-of-a-megabyte": _one(b'let x = "' + b"a" * 1_000_000 + b'" + 5\n'),
    "name-of-a-megabyte": _one(b"let x = " + b"a" * 1_000_000 + b"\n"),
    "long-strings-without-end": _one(b"let x = " + b'\\"""' * 250_000),
    "strings-without-end": _one(b"let x = " + b'\\"' * 500_000),
    "not-utf-8": {
        "policy.gate": _HEAD + b"// caf\xe9\nlet small = 50 USD\n",
        "other.gate": _HEAD + b"let small = 5 +\n",
    },
    "utf-16": {"policy.gate": "package p\n".encode("utf-16")},
    "half-of-a-character": _one(b'let x = "\xed\xa0\x80"\n'),
    "data-too-large": _with_data("data.json", b"[" + b"1, " * 6_000_000 + b"1]"),
    "data-not-utf-8": _with_data("data.json", b'{"caf\xe9": 1}'),
    "data-nested-too-deeply": _with_data("data.json", b"[" * 90_000),
    "data-deeper-than-conditions": _with_data(
        "data.json", b'{"x": ' + b"[" * 70 + b"]" * 70 + b"}"
    ),
    "too-many-values": _with_data("data.json", b"[" + b"1, " * 100_000 + b"1]"),
    "too-many-values-of-yaml": _with_data("data.yaml", b"- 1\n" * 100_000),
    "too-many-cases": _action(
        b"rule check on billing.refund cases {\n"
        + b"  action.number == 5 => block\n" * 251
        + b"}\n"
    ),
    "too-many-rows": _action(
        b"rule check on billing.refund table (action.number) {\n"
        + b"".join(b"  %d => block\n" % n for n in range(3_000))
        + b"}\nrule again on billing.refund tier action.number {\n"
        + b"".join(b"  %d .. %d => block\n" % (n, n) for n in range(2_000))
        + b"  > 1999 => block\n}\n"
    ),
    "too-many-parts": _action(
        b"let many = [" + b"1, " * 19_000 + b"1]\n"
        b"guard check when action.number in many => block\n"
        b"rule cells on billing.refund table (action.number, action.number) {\n"
        + b"  _ | _ => block\n" * 600
        + b"}\n"
    ),
    "too-many-declarations": _action(
        b"".join(b"let n%d = %d\n" % (n, n) for n in range(3_000))
    ),
    "too-many-runs-of-tests": _action(
        b"guard check => block\n"
        + b"".join(b'test "%d" { given billing.refund { } expect block }\n' % n for n in range(999))
        + b'test "of rows" {\n  given billing.refund { }\n  cases (number) {\n'
        + b"    5 => block\n" * 1_002 + b"  }\n}\n"
        + b'test "not looked at" { }\n'
    ),
    "too-many-conditions": _action(
        b"guard check on billing.refund\n" + b"  when action.number == 5\n" * 101 + b"  => block\n"
    ),
    "too-many-ranks": _one(
        b"".join(
            b'route r%d { one of group("g") outranks r%d }\n' % (rank, rank + 1)
            for rank in range(600)
        )
        + b'route r600 { one of group("g") }\n'
    ),
    "too-many-required": _action(
        b"".join(b'route r%d { one of group("g") }\n' % number for number in range(51))
        + b"guard check => require " + b" and ".join(b"r%d" % n for n in range(51)) + b"\n"
    ),
    "too-many-checks": _one(
        b"".join(b"action billing.refund%d { number%d: int }\n" % (n, n) for n in range(500))
        + b"".join(b"guard check%d on * => block\n" % n for n in range(401))
    ),
    "too-different": _one(
        b"".join(b'action billing.refund%d { kind: enum("%d") }\n' % (n, n) for n in range(500))
        + b"".join(b'guard check%d on * when action.kind == "0" => block\n' % n for n in range(80))
    ),
    "too-many-history-fields": _one(
        b"action billing.refund { " + b", ".join(b"f%d: int" % n for n in range(500)) + b" }\n"
        + b"".join(b"history h%d = billing.refund\n" % n for n in range(401))
        + b"guard counts on billing.refund when h400.count(f499: 1, within: 1d) > 0 => block\n"
        + b"guard sums on billing.refund when h400.sum(f499, within: 1d) > 0 => block\n"
        + b"guard asks on billing.refund when h400.last().f499 > 0 => block\n"
    ),
    "too-large-patterns": _action(
        b"".join(
            b'guard check%d on * when agent.id.matches(r"%d\\pL{20}") => block\n' % (n, n)
            for n in range(40)
        )
    ),
    "yaml-nested-too-deeply": _with_data("data.yaml", b"[" * 2_000),
}  # fmt: skip
"""Name -> the files of the set."""
