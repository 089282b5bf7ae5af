"""Runs are found by the beginning of their id, whatever the collation of the database."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the index; SQLite has one that does already, that of the primary key."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "runs_by_prefix", "runs", ["id"], unique=False,
            postgresql_ops={"id": "varchar_pattern_ops"},
        )  # fmt: skip
