"""The last leaf of a run is found at once, however many it has."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the index of leaves anew, with their order."""
    op.drop_index("leaves_by_run", "leaves")
    op.create_index("leaves_by_run", "leaves", ["run", "number"], unique=False)
