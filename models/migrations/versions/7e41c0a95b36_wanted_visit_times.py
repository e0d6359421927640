"""wanted visit times.

Revision: 7e41c0a95b36, after d1f0a6b83c27.
"""

import sqlalchemy as sa
from alembic import op

revision = '7e41c0a95b36'
down_revision = 'd1f0a6b83c27'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('case', sa.Column('wanted_from', sa.DateTime(timezone=True), nullable=True))
    op.add_column('case', sa.Column('wanted_to', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('case', 'wanted_to')
    op.drop_column('case', 'wanted_from')
