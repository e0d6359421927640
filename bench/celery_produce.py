"""Accepts messages for `bench.celery_app` and waits until all are delivered; prints the seconds that took."""

from __future__ import annotations

import sys
import time

from bench.celery_app import TABLE, database, send

AT_A_TIME = 500
PATIENCE_SECONDS = 120.0
WORDS = "【服务找人】陈阿姨您好，您可能可以领高龄津贴，每月300元。回复1想办，2不需要，T不再联系。"


def main() -> int:
    messages = int(sys.argv[1])
    with database().transaction():
        database().execute(TABLE)
    began = time.perf_counter()
    for first in range(0, messages, AT_A_TIME):
        numbers = [f"+86138{serial:08d}" for serial in range(first, min(first + AT_A_TIME, messages))]
        with database().transaction():
            rows = database().execute(
                "INSERT INTO peer_message (number, body) SELECT unnest(%s::text[]), %s RETURNING id", (numbers, WORDS)
            )
            ids = [row[0] for row in rows.fetchall()]
        for number in ids:
            send.delay(number)
    delivered, moved_at = 0, time.monotonic()
    while delivered < messages:
        time.sleep(0.25)
        with database().transaction():
            row = database().execute("SELECT count(*) FROM peer_message WHERE state = 'delivered'").fetchone()
        counted = row[0] if row else 0
        if counted != delivered:
            delivered, moved_at = counted, time.monotonic()
        if time.monotonic() - moved_at > PATIENCE_SECONDS:
            print(f"of {messages} only {delivered} were delivered", file=sys.stderr)
            return 1
    print(time.perf_counter() - began)
    return 0


if __name__ == "__main__":
    sys.exit(main())
