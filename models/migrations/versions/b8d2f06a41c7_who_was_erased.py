"""who was erased or refuses, found quickly.

Revision: b8d2f06a41c7, after f31b86d4e570.
"""

import sqlalchemy as sa
from alembic import op

revision = 'b8d2f06a41c7'
down_revision = 'f31b86d4e570'
branch_labels = None
depends_on = None

COLUMNS = ('erased_at', 'profiling_refused_at')


def upgrade() -> None:
    for column in COLUMNS:
        has = sa.text(f'{column} IS NOT NULL')
        op.create_index(f'ix_resident_{column}', 'resident', [column], sqlite_where=has, postgresql_where=has)


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f'ix_resident_{column}', table_name='resident')
