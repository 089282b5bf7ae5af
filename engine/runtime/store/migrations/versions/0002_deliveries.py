"""Who was told which message: a row for each message and notifier."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, and leave to them what the outbox said of attempts."""
    op.create_table(
        "notifiers",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "deliveries",
        sa.Column("message", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notifier", sa.String(length=128), nullable=False),
        sa.Column("run", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["message"], ["outbox.number"]),
        sa.PrimaryKeyConstraint("message", "notifier"),
    )
    op.create_index("deliveries_due", "deliveries", ["notifier", "due_at"], unique=False)
    op.create_index("deliveries_by_run", "deliveries", ["run", "notifier", "message"], unique=False)
    op.create_index("deliveries_by_state", "deliveries", ["state", "message"], unique=False)
    op.create_index("outbox_by_at", "outbox", ["at"], unique=False)
    op.drop_column("outbox", "attempts")
    op.drop_column("outbox", "error")
