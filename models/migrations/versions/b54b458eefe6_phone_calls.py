"""phone calls.

Revision: b54b458eefe6, after a3c41e0d7b52.
"""

import sqlalchemy as sa
from alembic import op

revision = 'b54b458eefe6'
down_revision = 'a3c41e0d7b52'
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table('call',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('provider', sa.String(length=32), nullable=False),
    sa.Column('provider_ref', sa.String(length=64), nullable=False),
    sa.Column('direction', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('number_index', sa.String(length=32), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=True),
    sa.Column('resident_id', sa.Integer(), nullable=True),
    sa.Column('answered_by', sa.String(length=32), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_because', sa.String(length=32), nullable=True),
    sa.Column('seconds', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_call_resident_id_resident')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call')),
    sa.UniqueConstraint('provider', 'provider_ref', name=op.f('uq_call_provider_provider_ref'))
    )
    with op.batch_alter_table('call', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_call_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index('ix_call_number', ['number_index', 'started_at'], unique=False)

    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.add_column(sa.Column('call_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_inbound_call_id'), ['call_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_inbound_call_id_call'), 'call', ['call_id'], ['id'])

    # ### end Alembic commands ###


def downgrade() -> None:

    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_inbound_call_id_call'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_inbound_call_id'))
        batch_op.drop_column('call_id')

    with op.batch_alter_table('call', schema=None) as batch_op:
        batch_op.drop_index('ix_call_number')
        batch_op.drop_index(batch_op.f('ix_call_contact_id'))

    op.drop_table('call')
    # ### end Alembic commands ###
