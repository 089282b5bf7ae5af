"""Our interpreter against two others, on generated expressions: every difference is a known one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.differential.comparing import disagreements
from tests.differential.divergences import DIVERGENCES, Divergence, explained
from tests.differential.expressions import expressions
from tests.differential.operations import SCALARS
from tests.differential.outcomes import Failed, Host, ours
from tests.differential.trees import Tree

KINDS = st.sampled_from((*SCALARS, "list<int>", "list<string>"))


def assert_no_news(host: Host, tree: Tree) -> None:
    """Fail where the interpreters differ in a way that is not listed."""
    news = [str(found) for found in disagreements(host, tree) if explained(found) is None]
    assert not news, "\n".join([tree.text, *news])


@given(KINDS.flatmap(lambda kind: expressions(kind, extended=True)))
def test_nested_expressions_mean_what_they_do_in_cpp(tree: Tree) -> None:
    assert_no_news("cpp", tree)


@given(KINDS.flatmap(lambda kind: expressions(kind, depth=1, extended=True)))
def test_single_operations_mean_what_they_do_in_cpp(tree: Tree) -> None:
    assert_no_news("cpp", tree)


@given(KINDS.flatmap(expressions))
def test_expressions_mean_what_they_do_in_python(tree: Tree) -> None:
    assert_no_news("python", tree)


@pytest.mark.parametrize("known", DIVERGENCES, ids=lambda known: known.example.text)
def test_every_listed_difference_is_still_there(known: Divergence) -> None:
    found = disagreements(known.host, known.example)
    assert [explained(each) for each in found] == [known]


def test_a_difference_is_found_in_its_smallest_part() -> None:
    example = DIVERGENCES[0].example
    both = Tree("{} && {}", (example, example))
    assert {each.text for each in disagreements("cpp", both)} == {example.text}


def test_failures_are_the_same_whatever_their_words() -> None:
    assert isinstance(ours("1 / 0"), Failed)
    assert disagreements("cpp", Tree("{} / {}", (Tree("1"), Tree("0")))) == []
