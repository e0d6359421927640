"""residents merged into one.

Revision: c4d7e1a9b352, after f4a8c27d10be.
"""

import sqlalchemy as sa
from alembic import op

revision = 'c4d7e1a9b352'
down_revision = 'f4a8c27d10be'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('resident', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged_into_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_resident_merged_into_id_resident'), 'resident', ['merged_into_id'], ['id'])
    has = sa.text('merged_into_id IS NOT NULL')
    op.create_index('ix_resident_merged_into_id', 'resident', ['merged_into_id'], sqlite_where=has, postgresql_where=has)


def downgrade() -> None:
    op.drop_index('ix_resident_merged_into_id', table_name='resident')
    with op.batch_alter_table('resident', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_resident_merged_into_id_resident'), type_='foreignkey')
        batch_op.drop_column('merged_into_id')
