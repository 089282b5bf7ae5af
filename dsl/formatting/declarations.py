"""Declarations -> layout documents: everything but rules, their rows and tests of policies.

What `format_expressions` says of tokens holds here: they are taken in the order of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from gatewright.dsl import ast
from gatewright.dsl.formatting.expressions import (
    DURATION,
    INTEGER,
    NAME,
    STRING,
    TIMESTAMP,
    ExpressionPrinter,
)
from gatewright.dsl.formatting.layout import Doc, Group, IfBroken, Line, Nest, paddings

T = TypeVar("T")

_QUORUM = re.compile(r"one|all|\d+")


class DeclarationPrinter(ExpressionPrinter):
    """Prints declarations."""

    # --- parts that several declarations have

    def block(
        self,
        items: Sequence[T],
        take: Callable[[T], Doc],
        *,
        commas: bool = False,
        broken: bool = False,
    ) -> Doc:
        """Take a block in braces: on one line if it fits, and if its author wrote it so."""
        opening = self.cursor.take_tight("{")
        content: list[Doc] = []
        for item in items:
            if commas and content:
                content.append(self.cursor.take_tight(","))
            broken = broken or self.cursor.at_new_line()
            content.append(Line(" ", "keep" if content else "first"))
            content.append(take(item))
        broken = bool(items) and (broken or self.cursor.at_new_line())
        comments, closing = self.cursor.take_closing("}", bool(items))
        if not content and not comments:
            return [opening, " ", closing]
        return Group([opening, Nest([*content, *comments]), Line(), closing], broken)

    def with_clauses(self, head: list[Doc], clauses: Sequence[Callable[[], Doc]]) -> Doc:
        """Take clauses behind a head: all on its line, or each on a line of its own."""
        broken = False
        content: list[Doc] = []
        for clause in clauses:
            broken = broken or self.cursor.at_new_line()
            content += [Line(), clause()]
        return Group([head[0], Nest([*head[1:], *content])], broken)

    def annotations(self, annotations: Sequence[ast.Annotation], line: Line) -> list[Doc]:
        """Take annotations, each followed by `line`."""
        out: list[Doc] = []
        for annotation in annotations:
            out += [self.cursor.take("@"), self.cursor.take(annotation.name)]
            out += [self.arguments(annotation.arguments)] if annotation.arguments else []
            out.append(line)
        return out

    def on(self, patterns: tuple[ast.Pattern, ...]) -> list[Doc]:
        """Take `on patterns`, with the space before it, if it is there."""
        if not patterns:
            return []
        return [" ", self.cursor.take("on"), " ", self.names(patterns, self.pattern)]

    def effect(self, effect: ast.Effect) -> Doc:
        """Take an effect."""
        match effect:
            case ast.AutoRun():
                return self.cursor.take("auto_run")
            case ast.Block():
                return self.cursor.take("block")
            case ast.Require(stages):
                return self._require(stages)

    def _require(self, stages: tuple[tuple[ast.QualifiedName, ...], ...]) -> Doc:
        out: list[Doc] = [self.cursor.take("require"), " "]
        for number, stage in enumerate(stages):
            out += [Line(), self.cursor.take("then"), " "] if number else []
            for place, route in enumerate(stage):
                out += [Line(), self.cursor.take("and"), " "] if place else []
                out.append(self.dotted(route))
        return Group(Nest(out))

    def clause(self, word: str, condition: ast.Expr) -> Doc:
        """Take `when condition` and the like."""
        return self.after(self.cursor.take(word), condition)

    # --- files

    def package(self, name: ast.QualifiedName) -> Doc:
        """Take the package of a file."""
        return [self.cursor.take("package"), " ", Nest(self.dotted(name))]

    def import_(self, node: ast.Import) -> Doc:
        """Take an import."""
        word = self.cursor.take("import")
        out: list[Doc] = [" ", self.dotted(node.package)]
        if node.alias:
            out += [" ", *self.words("as", node.alias.name)]
        return [word, Nest(out)]

    # --- actions and types

    def action(self, node: ast.ActionDecl) -> Doc:
        """Take an action."""
        head: list[Doc] = [self.cursor.take("action"), " ", self.dotted(node.name)]
        if node.target:
            head += [" ", self.cursor.take("on"), " ", self.dotted(node.target)]
        if node.target_type:
            head += [" ", self.cursor.take("as"), " ", self.dotted(node.target_type)]
        return self._headed(head, self._members(node.members))

    def type_(self, node: ast.TypeDecl) -> Doc:
        """Take a type."""
        return self._headed(self.words("type", node.name.name), self._members(node.fields))

    def _headed(self, head: list[Doc], block: Doc) -> Doc:
        return [head[0], Nest(head[1:]), " ", block]

    def _members(self, members: Sequence[ast.FieldDecl | ast.ChangesBlock]) -> Doc:
        """Take fields; their types stand below each other if their author began to align them."""
        names: list[Doc] = []
        gaps: list[list[Doc]] = []
        aligned = False

        def take(member: ast.FieldDecl | ast.ChangesBlock) -> Doc:
            nonlocal aligned
            if isinstance(member, ast.ChangesBlock):
                word = self.cursor.take("changes")
                return [word, " ", self._members(member.fields)]
            name, gap = self._field_name(member), list[Doc]()
            names.append(name)
            gaps.append(gap)
            aligned = aligned or self.cursor.spaces_ahead() > 1
            return [name, gap, " ", self._field_type(member)]

        block = self.block(members, take, commas=True)
        if aligned:
            for gap, spaces in zip(gaps, paddings(names, are_first=True), strict=True):
                gap.append(IfBroken(" " * spaces))
        return block

    def _field_name(self, field: ast.FieldDecl) -> list[Doc]:
        out = self.annotations(field.annotations, Line(" "))
        out = [" " if isinstance(part, Line) else part for part in out]
        out.append(self.cursor.take(field.name.name))
        out += [self.cursor.take("?")] if field.optional else []
        return [*out, self.cursor.take_tight(":")]

    def _field_type(self, field: ast.FieldDecl) -> Doc:
        out = [self.type_ref(field.type)]
        if field.refinement:
            operator = self.cursor.take(field.refinement.operator)
            out += [" ", operator, " ", self.operand(field.refinement.bound)]
        return out

    def type_ref(self, node: ast.TypeRef) -> Doc:
        """Take a type where it is used."""
        out = [self.dotted(node.name)]
        if node.parameters:
            out.append(self.cursor.take_tight("<"))
            out += self.listed(node.parameters, self.type_ref)
            out.append(self.cursor.take(">"))
        if node.arguments:
            out.append(self.arguments(node.arguments))
        return Group(out)

    # --- values

    def let(self, node: ast.LetDecl) -> Doc:
        """Take a named expression."""
        let, *name = self.words("let", node.name.name)
        equals = self.cursor.take_tight("=")
        return [let, Nest([*name, " "]), *self.after(equals, node.value)]

    def history(self, node: ast.HistoryDecl) -> Doc:
        """Take a history."""
        head = self.words("history", node.name.name)
        head += [" ", self.cursor.take_tight("="), " ", self.names(node.actions, self.dotted)]
        where = node.where
        return self.with_clauses(head, [lambda: self.clause("where", where)] if where else [])

    def calendar(self, node: ast.CalendarDecl) -> Doc:
        """Take a calendar."""
        head = self.words("calendar", node.name.name)
        return self._headed(head, self.block(node.items, self._calendar_item))

    def _calendar_item(self, item: ast.CalendarItem) -> Doc:
        return self.clause(item.kind, item.value)

    # --- routes and effects

    def route(self, node: ast.RouteDecl) -> Doc:
        """Take a route."""
        head = self.words("route", node.name.name)
        return self._headed(head, self.block(node.items, self._route_item))

    def _route_item(self, item: ast.RouteItem) -> Doc:
        take = self.cursor.take
        match item:
            case ast.Approvers(_, people):
                quorum = self.cursor.take_match(_QUORUM)
                return [quorum, " ", self.clause("of", people)]
            case ast.Exclude(people):
                return [take("exclude"), " ", self.names(people, self.expression)]
            case ast.Outranks(routes):
                return [take("outranks"), " ", self.names(routes, self.dotted)]
            case ast.Distinct():
                return take("distinct")
            case ast.Remind():
                return [take("remind"), " ", self.cursor.take_match(DURATION)]
            case ast.Sla():
                return [take("sla"), " ", self.cursor.take_match(DURATION)]
            case ast.Timeout():
                return self._timeout(item)
            case ast.Notify(channels):
                return [take("notify"), " ", self.names(channels, self.expression)]
            case ast.UseCalendar(name):
                return [take("calendar"), " ", self.dotted(name)]

    def _timeout(self, item: ast.Timeout) -> Doc:
        out: list[Doc] = [self.cursor.take("timeout"), " ", self.cursor.take_match(DURATION)]
        out += [" ", *self.words("then", item.then)]
        return [*out, " ", self.dotted(item.route)] if item.route else out

    def floor(self, word: str, node: ast.DefaultDecl | ast.OnErrorDecl) -> Doc:
        """Take `default effect` or `on_error effect`."""
        first = self.cursor.take(word)
        return [first, Nest([" ", self.effect(node.effect), *self.on(node.on)])]

    def permit(self, node: ast.PermitDecl) -> Doc:
        """Take a permit."""
        head: list[Doc] = [self.cursor.take("permit"), " "]
        if node.condition is None:
            head += [self.cursor.take("agent"), " ", self.cursor.take_match(STRING)]
        else:
            head.append(self.clause("when", node.condition))

        def to() -> Doc:
            return [self.cursor.take("to"), " ", self.names(node.to, self.pattern)]

        return self.with_clauses(head, [to])

    def exception(self, node: ast.ExceptionDecl) -> Doc:
        """Take an exception."""
        head = self.words("exception", node.name.name, "suspends")
        head += [" ", self.names(node.suspends, self.dotted)]
        return self._headed(head, self.block(node.items, self._exception_item))

    def _exception_item(self, item: ast.ExceptionItem) -> Doc:
        if item.kind in ("from", "until"):
            return [self.cursor.take(item.kind), " ", self.cursor.take_match(TIMESTAMP)]
        return self.clause(item.kind, item.value)

    # --- invariants

    def invariant(self, node: ast.InvariantDecl) -> Doc:
        """Take an invariant."""
        head = self.words("invariant", node.name.name)
        head += [*self.on(node.on), self.cursor.take_tight(":"), " "]
        when: ast.Expr | None = None
        match node.claim:
            case ast.NeverEffect(effect, when):
                head += [self.cursor.take("never"), " ", self.effect(effect)]
            case ast.NeverDefault():
                head += self.words("never", "default")
            case ast.AlwaysAtLeast(route, when):
                head += [*self.words("always", "at", "least"), " ", self.dotted(route)]
            case ast.MonotoneIn(subject):
                head += [*self.words("monotone", "in"), " ", self.expression(subject)]
        condition = when
        clauses = [lambda: self.clause("when", condition)] if condition else []
        return self.with_clauses(head, clauses)

    def integer(self) -> Doc:
        """Take a whole number."""
        return self.cursor.take_match(INTEGER)

    def name(self, ident: ast.Ident) -> Doc:
        """Take a single name."""
        return self.cursor.take_match(NAME)
