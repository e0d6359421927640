"""Who was told of the use of their data, where and when.

Revision: a94d6b20e7c1, after f7c25e9a1b04.
"""

import sqlalchemy as sa
from alembic import op

revision = "a94d6b20e7c1"
down_revision = "f7c25e9a1b04"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_given",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_notice_given_contact_id_contact")
        ),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name=op.f("fk_notice_given_resident_id_resident")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_given")),
    )
    with op.batch_alter_table("notice_given", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_given_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_given_resident_id"), ["resident_id"], unique=False)


def downgrade() -> None:
    op.drop_table("notice_given")
