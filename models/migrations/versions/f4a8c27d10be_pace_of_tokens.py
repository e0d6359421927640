"""pace of tokens.

Revision: f4a8c27d10be, after b7d3e9a15c42.
"""

import sqlalchemy as sa
from alembic import op

revision = 'f4a8c27d10be'
down_revision = 'b7d3e9a15c42'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'api_pace',
        sa.Column('token_id', sa.Integer(), nullable=False),
        sa.Column('left', sa.Double(), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['token_id'], ['api_token.id'], name=op.f('fk_api_pace_token_id_api_token')),
        sa.PrimaryKeyConstraint('token_id', name=op.f('pk_api_pace')),
    )


def downgrade() -> None:
    op.drop_table('api_pace')
