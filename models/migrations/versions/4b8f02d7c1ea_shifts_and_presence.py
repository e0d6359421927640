"""shifts and presence.

Revision: 4b8f02d7c1ea, after 7a1c5d20e9f4.
"""

import sqlalchemy as sa
from alembic import op

revision = '4b8f02d7c1ea'
down_revision = '7a1c5d20e9f4'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('staff', sa.Column('away_since', sa.DateTime(timezone=True), nullable=True))
    op.create_table('shift',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('begins', sa.Time(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_shift_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shift'))
    )
    with op.batch_alter_table('shift', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shift_staff_id'), ['staff_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('shift', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_shift_staff_id'))

    op.drop_table('shift')
    op.drop_column('staff', 'away_since')
