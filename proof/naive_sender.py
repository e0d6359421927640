"""`python -m proof.naive_sender`: the sender that most services have, to be killed in the same way.

As in GOV.UK Notify: a row is `created`, handed to the carrier, and only then marked `sending`; what is still `created`
after an hour is taken for never handed over, and replayed. It is as short as that can honestly be.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, select, update

from models.session import Sessions, make_engine
from outreach_api.channels.carrier import Accepted, OutgoingText
from outreach_api.channels.twilio_text import TwilioCarrier
from outreach_api.clock import SharedClock
from outreach_api.settings import Settings

CREATED, SENDING, FAILED = "created", "sending", "failed"
REPLAY_AFTER = timedelta(hours=1)
AT_A_TIME = 20
IDLE_SECONDS = 0.02
metadata = MetaData()
notifications = Table(
    "notification",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("to", String(20)),
    Column("text", String(500)),
    Column("status", String(20), default=CREATED),
    Column("created_at", DateTime(timezone=True)),
)


def main() -> None:
    settings = Settings(_env_file=None)
    assert settings.clock_file is not None, "OUTREACH_CLOCK_FILE is not set"  # noqa: S101 - a fault of ours
    clock = SharedClock(settings.clock_file)
    sessions = Sessions(make_engine(settings.database))
    carrier = TwilioCarrier.from_settings(settings)
    seen = 0
    while True:
        with sessions.read() as session:
            # The queue of tasks dies with its process; the replay finds what was in it.
            stale = notifications.c.created_at < clock.now() - REPLAY_AFTER
            due = (notifications.c.status == CREATED) & ((notifications.c.id > seen) | stale)
            rows = session.execute(select(notifications).where(due).order_by(notifications.c.id).limit(AT_A_TIME)).all()
        for row in rows:
            text = OutgoingText(contact_id=row.id, to=row.to, text=row.text, template_key="offer", variables={})
            status = SENDING if isinstance(carrier.send(text), Accepted) else FAILED
            with sessions.write() as session:
                session.execute(update(notifications).where(notifications.c.id == row.id).values(status=status))
            seen = max(seen, row.id)
        if not rows:
            time.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    os.environ.setdefault("OUTREACH_BOT_SECRET", "unused")
    main()
