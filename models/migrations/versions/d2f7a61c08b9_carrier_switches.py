"""carrier switches.

Revision: d2f7a61c08b9, after c4b0d97f2e15.
"""

import sqlalchemy as sa
from alembic import op

revision = 'd2f7a61c08b9'
down_revision = 'c4b0d97f2e15'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('carrier_breaker', schema=None) as batch_op:
        batch_op.add_column(sa.Column('left_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('returned_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('carrier_breaker', schema=None) as batch_op:
        batch_op.drop_column('returned_at')
        batch_op.drop_column('left_at')
