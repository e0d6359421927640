"""Pace of those who come without a token.

Revision: c7d19e5b30a4, after a6e2d41f90b8.
"""

import sqlalchemy as sa
from alembic import op

revision = "c7d19e5b30a4"
down_revision = "a6e2d41f90b8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "caller_pace",
        sa.Column("who", sa.String(length=32), nullable=False),
        sa.Column("left", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("who", name=op.f("pk_caller_pace")),
    )
    op.create_index(op.f("ix_caller_pace_seen_at"), "caller_pace", ["seen_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_caller_pace_seen_at"), table_name="caller_pace")
    op.drop_table("caller_pace")
