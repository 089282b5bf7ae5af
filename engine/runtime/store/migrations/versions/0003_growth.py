"""Indexes for whatever is asked of a store with many runs; questions know when their run began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_WAITING = sa.text("position IS NULL")


def upgrade() -> None:
    """Make the indexes, and the table of questions anew with the time of the proposal."""
    op.create_index("runs_by_proposal", "runs", ["proposed_at", "id"], unique=False)
    op.create_index("runs_by_parent", "runs", ["parent"], unique=False)
    op.create_index("delegations_by_end", "delegations", ["until_at"], unique=False)
    op.create_index(
        "leaves_waiting", "leaves", ["number"], unique=False,
        sqlite_where=_WAITING, postgresql_where=_WAITING,
    )  # fmt: skip
    op.drop_index("asks_by_route", "asks")
    op.rename_table("asks", "asks_before")
    op.create_table(
        "asks",
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("route", sa.String(length=512), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("late_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["runs.id"]),
        sa.PrimaryKeyConstraint("run", "route"),
    )
    op.execute(
        "INSERT INTO asks (run, route, proposed_at, asked_at, late_at)"
        " SELECT a.run, a.route, r.proposed_at, a.asked_at, a.late_at"
        " FROM asks_before a JOIN runs r ON r.id = a.run"
    )
    op.drop_table("asks_before")
    op.create_index("asks_by_route", "asks", ["route", "proposed_at", "run"], unique=False)
