"""second factor of staff.

Revision: e5a90b3c7f16, after e5a1c7309d44.
"""

import sqlalchemy as sa
from alembic import op

revision = 'e5a90b3c7f16'
down_revision = 'e5a1c7309d44'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('totp_secret', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('totp_step', sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_column('totp_step')
        batch_op.drop_column('totp_secret')
