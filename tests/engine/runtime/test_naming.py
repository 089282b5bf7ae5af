"""A run is found by the beginning of its id, through an index, on any database."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, text

from gatewright.engine.runtime.errors import NoSuchRun
from gatewright.engine.runtime.naming import AmbiguousRun, named
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import Database
from tests.engine.runtime.store.test_plans import noted

AA, AB, B1 = (f"run_{start}{'0' * 30}" for start in ("1a", "1b", "b1"))
"""The ids of three runs."""


def add(database: Database, *ids: str) -> None:
    row = {
        "version": 1, "state": "done", "action": "a", "proposed_at": 1, "updated_at": 1, "fence": 0,
        "body": "{}",
    }  # fmt: skip
    with database.transaction() as connection:
        connection.execute(insert(t.runs), [{"id": id_, **row} for id_ in ids])


@pytest.fixture
def stocked(database: Database) -> Database:
    add(database, AA, AB, B1)
    return database


def found(database: Database, given: str) -> str:
    with database.reading() as connection:
        return named(connection, given)


def missed(database: Database, given: str) -> str:
    with pytest.raises(NoSuchRun) as error:
        found(database, given)
    return error.value.help


@pytest.mark.parametrize("length", [6, 7, 12, 35, 36])
def test_the_beginning_of_one_id_names_its_run(stocked: Database, length: int) -> None:
    for id_ in (AA, AB, B1):
        assert found(stocked, id_[:length]) == id_


def test_what_several_begin_with_names_none(stocked: Database) -> None:
    add(stocked, *(f"run_1a{number}{'f' * 29}" for number in range(1, 5)))
    with pytest.raises(AmbiguousRun) as error:
        found(stocked, "run_1a")
    (one, *others) = [f"run_1a{number}{'f' * 29}" for number in range(1, 5)]
    assert error.value.code == "ambiguous_run"
    assert error.value.message == "several runs begin with `run_1a`: " + ", ".join(
        f"`{id_}`" for id_ in (AA, one, *others)
    )
    add(stocked, f"run_1a5{'f' * 29}", f"run_1a6{'f' * 29}")
    with pytest.raises(AmbiguousRun, match=r"` and more$|` and more\n"):
        found(stocked, "run_1a")
    assert found(stocked, "run_1a0") == AA


@pytest.mark.parametrize(
    "given",
    ["", "run_b", "run_%", "run_b%", "run_b_", "run_b1\0", "run_\u0661", "run_b1é", "a" * 37, B1 + "0",
     "run_b1-", "run_b1'", "\ud800_run_b1", "z_____", "{|}~{|}~"],
    ids=ascii,
)  # fmt: skip
def test_anything_else_names_none(stocked: Database, given: str) -> None:
    assert "at least 6 characters" in missed(stocked, given)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (B1.upper(), B1),
        ("RUN_B1", B1),
        (" run_b1", B1),
        ("b1", B1),
        (B1.removeprefix("run_"), B1),
        (B1[:20] + "1" + B1[21:], B1),
        (B1[:8] + "f" + B1[8:-1], B1),
        ("run_1a0000x0", AA),
        ("run_b2", None),
        ("run_f0", None),
        (f"run_1a{'f' * 30}", None),
    ],
)
def test_the_nearest_id_is_a_hint(stocked: Database, given: str, meant: str | None) -> None:
    help_ = missed(stocked, given)
    assert (help_ == f"did you mean `{meant}`?") is (meant is not None), help_
    assert ("did you mean" in help_) is (meant is not None)


def test_it_is_found_whatever_the_collation(stocked: Database) -> None:
    """To Danes `aa` is a letter after `z`, so that an alphabet's range from `a` to `b` lacks it."""
    if stocked.is_postgres:
        with stocked.transaction() as connection:
            connection.execute(
                text('ALTER TABLE runs ALTER id TYPE varchar(40) COLLATE "da-x-icu"')
            )
            in_order = connection.scalar(text("SELECT count(*) FROM runs WHERE id < 'run_a'"))
            assert in_order == 2
    double = f"run_aa{'0' * 30}"
    add(stocked, double, f"run_ab{'0' * 30}")
    assert found(stocked, "run_aa") == double
    with pytest.raises(AmbiguousRun):
        add(stocked, f"run_aa{'1' * 30}")
        found(stocked, "run_aa")


def test_only_the_rows_of_a_range_of_an_index_are_read(stocked: Database) -> None:
    with noted(stocked) as statements:
        found(stocked, "run_b1")
        missed(stocked, "run_b2345678")
    assert statements
    with stocked.reading() as connection:
        if stocked.is_postgres:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in statements.items():
            explain = "EXPLAIN" if stocked.is_postgres else "EXPLAIN QUERY PLAN"
            rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plan = "\n".join(str(row[-1]) for row in rows)
            if stocked.is_postgres:
                assert "runs_by_prefix" in plan
                assert "Index Cond: ((id ~>=~ " in plan
                assert "Filter" not in plan
            else:
                assert "SEARCH runs USING COVERING INDEX" in plan
                assert "(id>? AND id<?)" in plan
