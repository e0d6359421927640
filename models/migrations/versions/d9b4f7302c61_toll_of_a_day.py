"""What the texts of a day come to.

Revision: d9b4f7302c61, after c7d19e5b30a4.
"""

import sqlalchemy as sa
from alembic import op

revision = "d9b4f7302c61"
down_revision = "c7d19e5b30a4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "toll_day",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("purse", sa.String(length=32), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("on", "purse", name=op.f("pk_toll_day")),
    )


def downgrade() -> None:
    op.drop_table("toll_day")
