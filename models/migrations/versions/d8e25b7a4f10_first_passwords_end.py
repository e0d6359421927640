"""A password that somebody else gave ends.

Revision: d8e25b7a4f10, after c4f19d0b7e63.
"""

import sqlalchemy as sa
from alembic import op

revision = "d8e25b7a4f10"
down_revision = "c4f19d0b7e63"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("password_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_column("password_until")
