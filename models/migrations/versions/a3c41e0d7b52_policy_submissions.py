"""policy submissions.

Revision: a3c41e0d7b52, after 8c726e1524b7.
"""

import sqlalchemy as sa
from alembic import op

revision = 'a3c41e0d7b52'
down_revision = '8c726e1524b7'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('policy_submission',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('policy_id', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('effective_from', sa.Date(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('submitted_by', sa.String(length=64), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('because', sa.String(length=200), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_submission'))
    )
    with op.batch_alter_table('policy_submission', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_policy_submission_policy_id'), ['policy_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('policy_submission', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_policy_submission_policy_id'))

    op.drop_table('policy_submission')
