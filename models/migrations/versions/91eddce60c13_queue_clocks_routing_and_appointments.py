"""queue clocks, routing and appointments.

Revision: 91eddce60c13, after 3c3a931cef69.
"""

import sqlalchemy as sa
from alembic import op

revision = '91eddce60c13'
down_revision = '3c3a931cef69'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('building',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('street', sa.String(length=64), nullable=False),
    sa.Column('community', sa.String(length=64), nullable=True),
    sa.Column('lat', sa.Double(), nullable=False),
    sa.Column('lon', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_building')),
    sa.UniqueConstraint('address', name=op.f('uq_building_address'))
    )
    op.create_table('appointment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('part', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_appointment_case_id_case')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_appointment_team_id_team')),
    sa.ForeignKeyConstraint(['told_by'], ['contact.id'], name=op.f('fk_appointment_told_by_contact')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appointment'))
    )
    with op.batch_alter_table('appointment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_appointment_case_id'), ['case_id'], unique=False)
        batch_op.create_index('ix_appointment_team_day', ['team_id', 'on'], unique=False)

    # With its reference inline, a column is added in place: SQLite would otherwise copy the table and drop the old one,
    # to which other rows refer.
    op.add_column('case', sa.Column('marks', sa.JSON(), server_default='[]', nullable=False))
    op.add_column('case', _reference('station_id', 'station.id'), inline_references=True)
    op.add_column('case', sa.Column('kept_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('case', sa.Column('escalation', sa.String(length=32), server_default='none', nullable=False))
    op.add_column('case', _reference('merged_into_id', 'case.id'), inline_references=True)
    op.execute('UPDATE "case" SET kept_at = resolved_at WHERE resolved_at IS NOT NULL')
    op.add_column('staff', _reference('team_id', 'team.id'), inline_references=True)
    op.add_column('staff', sa.Column('most_cases', sa.Integer(), nullable=True))
    op.add_column('station', sa.Column('lat', sa.Double(), nullable=True))
    op.add_column('station', sa.Column('lon', sa.Double(), nullable=True))
    op.add_column('team', sa.Column('skills', sa.JSON(), server_default='[]', nullable=False))
    op.add_column('team', sa.Column('dialects', sa.JSON(), server_default='[]', nullable=False))
    op.add_column('team', sa.Column('visits_per_day', sa.Integer(), server_default='8', nullable=False))
    op.add_column('team', sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True))


def _reference(name: str, to: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(to), nullable=True)


def downgrade() -> None:
    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.drop_column('withdrawn_at')
        batch_op.drop_column('visits_per_day')
        batch_op.drop_column('dialects')
        batch_op.drop_column('skills')

    with op.batch_alter_table('station', schema=None) as batch_op:
        batch_op.drop_column('lon')
        batch_op.drop_column('lat')

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_column('most_cases')
        batch_op.drop_column('team_id')

    with op.batch_alter_table('case', schema=None) as batch_op:
        batch_op.drop_column('merged_into_id')
        batch_op.drop_column('escalation')
        batch_op.drop_column('kept_at')
        batch_op.drop_column('station_id')
        batch_op.drop_column('marks')

    with op.batch_alter_table('appointment', schema=None) as batch_op:
        batch_op.drop_index('ix_appointment_team_day')
        batch_op.drop_index(batch_op.f('ix_appointment_case_id'))

    op.drop_table('appointment')
    op.drop_table('building')
