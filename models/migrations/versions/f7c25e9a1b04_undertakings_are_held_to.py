"""What a department reads a day is counted, and webhooks rest on an application.

Revision: f7c25e9a1b04, after d9b4f7302c61.
"""

import sqlalchemy as sa
from alembic import op

revision = "f7c25e9a1b04"
down_revision = "d9b4f7302c61"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("undertaking", schema=None) as batch_op:
        batch_op.add_column(sa.Column("used_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("used_rows", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("undertaking", schema=None) as batch_op:
        batch_op.alter_column("used_rows", server_default=None)
    with op.batch_alter_table("hook_target", schema=None) as batch_op:
        batch_op.add_column(sa.Column("undertaking_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_hook_target_undertaking_id_undertaking"), "undertaking", ["undertaking_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("hook_target", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_hook_target_undertaking_id_undertaking"), type_="foreignkey")
        batch_op.drop_column("undertaking_id")
    with op.batch_alter_table("undertaking", schema=None) as batch_op:
        batch_op.drop_column("used_rows")
        batch_op.drop_column("used_on")
