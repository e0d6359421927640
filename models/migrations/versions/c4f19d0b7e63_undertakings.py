"""Undertakings: what bulk views, feeds and departments' uses rest on.

Revision: c4f19d0b7e63, after c4d7e1a9b352.
"""

import sqlalchemy as sa
from alembic import op

revision = "c4f19d0b7e63"
down_revision = "c4d7e1a9b352"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "undertaking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("promise", sa.String(length=200), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undertaking")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("undertaking_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_api_token_undertaking_id_undertaking"), "undertaking", ["undertaking_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_api_token_undertaking_id_undertaking"), type_="foreignkey")
        batch_op.drop_column("undertaking_id")
    op.drop_table("undertaking")
