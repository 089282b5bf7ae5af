"""Past actions are counted and added up in an index: it has their outcome and their amounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

REINDEX = True

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table and the columns; what is in them is made from the events, after all steps."""
    op.create_table(
        "event_forms",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=256), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("shape", sa.String(length=64), nullable=False),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shape"], ["event_shapes.digest"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("event_forms_by_action", "event_forms", ["action"], unique=False)
    op.create_index("event_forms_by_shape", "event_forms", ["shape"], unique=False)
    op.add_column("event_keys", sa.Column("form", _NUMBER, nullable=True))
    for name in ("units1", "units2", "units3"):
        op.add_column("event_keys", sa.Column(name, sa.BigInteger(), nullable=True))
    op.drop_index("event_keys_by_value", "event_keys")
    op.create_index(
        "event_keys_by_value", "event_keys",
        ["name", "value", "form", "at", "event", "units1", "units2", "units3"], unique=False,
    )  # fmt: skip
