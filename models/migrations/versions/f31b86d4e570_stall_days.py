"""stall days.

Revision: f31b86d4e570, after 2c8e5f7b1a90.
"""

import sqlalchemy as sa
from alembic import op

revision = 'f31b86d4e570'
down_revision = '2c8e5f7b1a90'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('stall_day',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('hours', sa.String(length=32), nullable=False),
    sa.Column('place', sa.String(length=64), nullable=False),
    sa.Column('street', sa.String(length=64), nullable=False),
    sa.Column('community', sa.String(length=64), nullable=True),
    sa.Column('estates', sa.JSON(), nullable=False),
    sa.Column('created_by', sa.String(length=32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stall_day'))
    )
    with op.batch_alter_table('stall_day', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stall_day_on'), ['on'], unique=False)

    op.create_table('stall_invitation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stall_id', sa.Integer(), nullable=False),
    sa.Column('resident_id', sa.Integer(), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=True),
    sa.Column('refusal', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_stall_invitation_contact_id_contact')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_stall_invitation_resident_id_resident')),
    sa.ForeignKeyConstraint(['stall_id'], ['stall_day.id'], name=op.f('fk_stall_invitation_stall_id_stall_day')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stall_invitation')),
    sa.UniqueConstraint('stall_id', 'resident_id', name=op.f('uq_stall_invitation_stall_id_resident_id'))
    )
    with op.batch_alter_table('stall_invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stall_invitation_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stall_invitation_resident_id'), ['resident_id'], unique=False)

    op.create_table('stall_result',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stall_id', sa.Integer(), nullable=False),
    sa.Column('match_id', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['match_id'], ['match.id'], name=op.f('fk_stall_result_match_id_match')),
    sa.ForeignKeyConstraint(['stall_id'], ['stall_day.id'], name=op.f('fk_stall_result_stall_id_stall_day')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stall_result')),
    sa.UniqueConstraint('stall_id', 'match_id', name=op.f('uq_stall_result_stall_id_match_id'))
    )
    with op.batch_alter_table('stall_result', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stall_result_match_id'), ['match_id'], unique=False)


def downgrade() -> None:
    op.drop_table('stall_result')
    op.drop_table('stall_invitation')
    op.drop_table('stall_day')
