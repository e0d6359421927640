"""wechat notices.

Revision: e5a1c7309d44, after 1841ba81e123.
"""

import sqlalchemy as sa
from alembic import op

revision = 'e5a1c7309d44'
down_revision = '1841ba81e123'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('wechat_follower', schema=None) as batch_op:
        batch_op.add_column(sa.Column('notices', sa.JSON(), server_default='[]', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('wechat_follower', schema=None) as batch_op:
        batch_op.drop_column('notices')
