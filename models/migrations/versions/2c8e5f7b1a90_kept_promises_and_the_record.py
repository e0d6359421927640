"""kept promises and the record.

Revision: 2c8e5f7b1a90, after e2a7f4b91d06.
"""

from alembic import op

revision = '2c8e5f7b1a90'
down_revision = 'e2a7f4b91d06'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('case', schema=None) as batch_op:
        batch_op.create_index('ix_case_kept', ['kind', 'kept_at'], unique=False)
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index('ix_audit_entry_actor', ['actor'], unique=False)
        batch_op.create_index('ix_audit_entry_subject', ['subject'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_entry_subject')
        batch_op.drop_index('ix_audit_entry_actor')
    with op.batch_alter_table('case', schema=None) as batch_op:
        batch_op.drop_index('ix_case_kept')
