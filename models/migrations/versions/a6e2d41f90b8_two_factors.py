"""Two factors: which sessions showed both, and codes for a lost authenticator.

Revision: a6e2d41f90b8, after e3a9c6f1d278.
"""

import sqlalchemy as sa
from alembic import op

revision = "a6e2d41f90b8"
down_revision = "e3a9c6f1d278"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("recovery_codes", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("two_factors", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.drop_column("two_factors")
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_column("recovery_codes")
