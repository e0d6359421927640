"""outgoing webhooks.

Revision: c91e7ab05d38, after d2f7a61c08b9.
"""

import sqlalchemy as sa
from alembic import op

revision = 'c91e7ab05d38'
down_revision = 'd2f7a61c08b9'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'hook_target',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('url', sa.String(length=500), nullable=False),
        sa.Column('secret', sa.Text(), nullable=False),
        sa.Column('topics', sa.JSON(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.String(length=64), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_because', sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_hook_target')),
        sa.UniqueConstraint('name', name=op.f('uq_hook_target_name')),
    )
    op.create_table(
        'hook_delivery',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('target_id', sa.Integer(), nullable=False),
        sa.Column('message_id', sa.String(length=40), nullable=False),
        sa.Column('topic', sa.String(length=32), nullable=False),
        sa.Column('body', sa.JSON(), nullable=False),
        sa.Column('state', sa.Enum('waiting', 'sending', 'delivered', 'given_up', name='hookstate', native_enum=False, length=32), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('status', sa.Integer(), nullable=True),
        sa.Column('fault', sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(['target_id'], ['hook_target.id'], name=op.f('fk_hook_delivery_target_id_hook_target')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_hook_delivery')),
    )
    with op.batch_alter_table('hook_delivery', schema=None) as batch_op:
        batch_op.create_index('ix_hook_delivery_due', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_hook_delivery_target_id'), ['target_id'], unique=False)


def downgrade() -> None:
    op.drop_table('hook_delivery')
    op.drop_table('hook_target')
