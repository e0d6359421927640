"""api tokens with owner, term and pace; requests kept by their idempotency key.

Revision: 7a1c5d20e9f4, after 12fd6c6092a8.
"""

import sqlalchemy as sa
from alembic import op

revision = '7a1c5d20e9f4'
down_revision = '12fd6c6092a8'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'api_request',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('token_id', sa.Integer(), nullable=False),
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('status', sa.Integer(), nullable=True),
        sa.Column('answer', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['token_id'], ['api_token.id'], name=op.f('fk_api_request_token_id_api_token')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_api_request')),
        sa.UniqueConstraint('token_id', 'key', name=op.f('uq_api_request_token_id_key')),
    )
    with op.batch_alter_table('api_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_request_received_at'), ['received_at'], unique=False)
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.add_column(sa.Column('prefix', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('staff_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('calls_a_minute', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_api_token_staff_id_staff'), 'staff', ['staff_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_api_token_staff_id_staff'), type_='foreignkey')
        batch_op.drop_column('expires_at')
        batch_op.drop_column('calls_a_minute')
        batch_op.drop_column('staff_id')
        batch_op.drop_column('prefix')
    op.drop_table('api_request')
