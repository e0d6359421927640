"""care list.

Revision: e2a7f4b91d06, after c19d57e3a840.
"""

import sqlalchemy as sa
from alembic import op

revision = 'e2a7f4b91d06'
down_revision = 'c19d57e3a840'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('care_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('resident_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('street', sa.String(length=64), nullable=True),
    sa.Column('community', sa.String(length=64), nullable=True),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.Column('words', sa.Text(), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('handed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('handed_by', sa.String(length=32), nullable=True),
    sa.Column('found', sa.String(length=32), nullable=True),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('found_by', sa.String(length=32), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_care_entry_message_id_message')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_care_entry_resident_id_resident')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_care_entry')),
    sa.UniqueConstraint('resident_id', 'reason', 'message_id', name=op.f('uq_care_entry_resident_id_reason_message_id'))
    )
    with op.batch_alter_table('care_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_care_entry_reason'), ['reason'], unique=False)
        batch_op.create_index(batch_op.f('ix_care_entry_resident_id'), ['resident_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('care_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_care_entry_resident_id'))
        batch_op.drop_index(batch_op.f('ix_care_entry_reason'))

    op.drop_table('care_entry')
