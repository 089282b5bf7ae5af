"""A text -> what a builder makes of it, by the tables of an LALR(1) automaton.

A rule's method of the builder gets the values of all that the rule matched (tokens for terminals)
and their place. Where the text makes no sense, `Stopped` says so, and what could stand there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gatewright.dsl.source import Source, Span
from gatewright.dsl.syntax.lexer import NAME, Lexer, Token
from gatewright.dsl.syntax.tables import END, Tables


class Stopped(Exception):
    """A text that goes on as it may not."""

    def __init__(self, at: int | None, end: int | None, accepted: frozenset[str]) -> None:
        super().__init__()
        self.at = at
        """Where it does, as an offset in what was parsed; None at the end of that."""
        self.end = end
        """Where the token that stands there ends; None where none does."""
        self.accepted = accepted
        """The terminals that could stand there."""


_Method: TypeAlias = Callable[[list[Any], Span], object]
Step: TypeAlias = tuple[dict[str, int], str, str, int]
"""What may stand at a place, by terminals; which one does, its text, and where it begins."""


class Automaton:
    """Parses texts, and has the methods of a builder called. It keeps nothing of a text."""

    def __init__(self, tables: Tables, builder: object) -> None:
        self.lexer = Lexer(tables.terminals)
        self._rows = tables.states
        self._starts = tables.starts
        self._rules = tables.reductions
        self._methods: list[_Method | None] = [
            getattr(builder, one.method) if one.method else None for one in tables.reductions
        ]
        self._passed: dict[tuple[int, int, str], int] = {}

    # HOT: a text of 50,000 tokens spends most of the time to read it here and in the builder.
    def parse(
        self,
        source: Source,
        start: str,
        begin: int = 0,
        end: int | None = None,
        trace: list[Step] | None = None,
    ) -> Any:
        """Return what the builder makes of a range of a source. Cost: linear in its length.

        A `trace` is given each token with what was awaited where it was met.

        Raises Stopped, and what the builder raises.
        """
        text = source.text if end is None and not begin else source.text[begin:end]
        lexer, rows, rules, makers = self.lexer, self._rows, self._rules, self._methods
        match, kinds, words, passed = lexer.match, lexer.kinds, lexer.words, self._passed
        states = [self._starts[start]]  # those that led here; behind the first each has a value
        values: list[Any] = []
        begins: list[int] = []  # where each value begins
        last = 0  # where the last value ends
        at = lexer.after_blank(text, 0)
        while True:
            row = rows[states[-1]]
            if (found := match(text, at)) is not None:
                group = found.lastindex or 0
                kind, stop, following = kinds[group], found.end(group), found.end()
                part = text[at:stop]
                if kind == NAME:
                    kind = words.get(part, NAME)
                if kind not in row:
                    kind, stop, following = self._other(text, at, stop, states)
                    part = text[at:stop]
            elif at < len(text):
                raise Stopped(at, None, self._accepted(states))
            else:
                kind, stop, following, part = END, at, at, ""
            if trace is not None:
                trace.append((row, kind, part, begin + at))
            while (action := row.get(kind)) is not None and action < 0:
                # Values are made of the last ones, of as many rules as are complete.
                symbol, size, method, splices = rules[-1 - action]
                if method == "":
                    state = states.pop()
                else:
                    children = values[-size:]
                    del values[-size:], states[-size:]
                    if size > 1:
                        del begins[1 - size :]
                    if splices:
                        children = _spliced(children)
                    make = makers[-1 - action]
                    values.append(
                        children if make is None else make(children, Span(source, begins[-1], last))
                    )
                    state = rows[states[-1]][symbol]
                key = (states[-1], state, kind)
                after = passed.get(key)
                if after is None:
                    after = passed[key] = self._pass(*key)
                states.append(after)
                row = rows[after]
            if action is None:
                raise Stopped(None if kind == END else at, stop, self._accepted(states))
            if kind == END:
                return values[0]
            states.append(action)
            begins.append(begin + at)
            last = begin + stop
            values.append(Token(kind, part, begin + at, last))
            at = following

    def _other(self, text: str, at: int, stop: int, states: list[int]) -> tuple[str, int, int]:
        """Return the token at a place, how it ends, and where the next one stands.

        Of all terminals, one that may not stand here came first, and would end at `stop`.
        """
        other = self.lexer.accepted(text, at, self._rows[states[-1]])
        if other is None:
            raise Stopped(at, stop, self._accepted(states))
        return *other, self.lexer.after_blank(text, other[1])

    def _pass(self, before: int, state: int, kind: str) -> int:
        """Return the state behind `before` after all reductions that leave a value as it is."""
        while (action := self._rows[state].get(kind, 0)) < 0:
            symbol, _, method, _ = self._rules[-1 - action]
            if method != "":
                break
            state = self._rows[before][symbol]
        return state

    def _accepted(self, states: list[int]) -> frozenset[str]:
        """Return the terminals that could come next."""
        row = self._rows[states[-1]]
        return frozenset(kind for kind in row if kind.isupper() and self._takes(states, kind))

    def _takes(self, states: list[int], kind: str) -> bool:
        states = states.copy()
        while (action := self._rows[states[-1]].get(kind)) is not None and action < 0:
            symbol, size, _, _ = self._rules[-1 - action]
            del states[-size:]
            states.append(self._rows[states[-1]][symbol])
        return action is not None


def _spliced(children: list[Any]) -> list[Any]:
    """Return values without the lists among them. Cost: not that of the first, which grows."""
    out: list[Any] = []
    for child in children:
        kind: type[Any] = child.__class__
        if kind is not list:
            out.append(child)
        elif out:
            out += child
        else:
            out = child
    return out
