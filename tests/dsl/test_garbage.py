"""The collector of cycles stands still while it is asked to, and is as it was before afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from gatewright.dsl.garbage import uncollected


@pytest.fixture(autouse=True)
def collector_as_it_was() -> Iterator[None]:
    ran = gc.isenabled()
    yield
    (gc.enable if ran else gc.disable)()


def test_it_stands_still_until_the_last_is_done() -> None:
    gc.enable()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_lets_it_go_on() -> None:
    gc.enable()
    with pytest.raises(ValueError, match="x"), uncollected():
        raise ValueError("x")
    assert gc.isenabled()


def test_where_it_did_not_run_it_does_not_begin() -> None:
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()
