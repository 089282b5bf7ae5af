"""Timers count how often they could not be fired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("timers", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
