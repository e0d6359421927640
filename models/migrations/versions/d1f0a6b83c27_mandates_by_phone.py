"""mandates by phone.

Revision: d1f0a6b83c27, after fc5c368e23b3.
"""

import sqlalchemy as sa
from alembic import op

revision = 'd1f0a6b83c27'
down_revision = 'fc5c368e23b3'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('mandate', schema=None) as batch_op:
        batch_op.add_column(sa.Column('phone_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('revoked_because', sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f('ix_mandate_phone_id'), ['phone_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_mandate_phone_id_phone'), 'phone', ['phone_id'], ['id'])
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mandate_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_consent_mandate_id_mandate'), 'mandate', ['mandate_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_consent_mandate_id_mandate'), type_='foreignkey')
        batch_op.drop_column('mandate_id')
    with op.batch_alter_table('mandate', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_mandate_phone_id_phone'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_mandate_phone_id'))
        batch_op.drop_column('revoked_because')
        batch_op.drop_column('phone_id')
