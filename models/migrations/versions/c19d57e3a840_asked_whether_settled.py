"""asked whether settled.

Revision: c19d57e3a840, after e5a90b3c7f16.
"""

import sqlalchemy as sa
from alembic import op

revision = 'c19d57e3a840'
down_revision = 'e5a90b3c7f16'
branch_labels = None
depends_on = None


def upgrade() -> None:
    asked_by = sa.Column('asked_by', sa.Integer(), sa.ForeignKey('contact.id'), nullable=True)
    op.add_column('case', asked_by, inline_references=True)


def downgrade() -> None:
    with op.batch_alter_table('case', schema=None) as batch_op:
        batch_op.drop_column('asked_by')
