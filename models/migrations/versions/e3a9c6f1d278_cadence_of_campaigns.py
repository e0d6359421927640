"""A campaign may have a cadence of its own.

Revision: e3a9c6f1d278, after d8e25b7a4f10.
"""

import sqlalchemy as sa
from alembic import op

revision = "e3a9c6f1d278"
down_revision = "d8e25b7a4f10"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cadence", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_column("cadence")
