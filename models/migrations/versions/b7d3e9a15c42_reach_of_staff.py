"""How far staff see: the whole district, streets, their team or a department.

Revision: b7d3e9a15c42, after b8d2f06a41c7.
"""

import sqlalchemy as sa
from alembic import op

revision = "b7d3e9a15c42"
down_revision = "b8d2f06a41c7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reach", sa.String(length=32), nullable=False, server_default="district"))
        batch_op.add_column(sa.Column("streets", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("department", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_column("department")
        batch_op.drop_column("streets")
        batch_op.drop_column("reach")
