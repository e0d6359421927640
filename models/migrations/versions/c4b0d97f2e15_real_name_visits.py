"""real-name visits.

Revision: c4b0d97f2e15, after 4b8f02d7c1ea.
"""

import sqlalchemy as sa
from alembic import op

revision = 'c4b0d97f2e15'
down_revision = '4b8f02d7c1ea'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('chat_visit', schema=None) as batch_op:
        batch_op.add_column(sa.Column('real_name', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('chat_visit', schema=None) as batch_op:
        batch_op.drop_column('real_name')
