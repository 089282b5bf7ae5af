"""Entries of the decision log say when they were erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("decisions", sa.Column("erased_at", sa.BigInteger(), nullable=True))
