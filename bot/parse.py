"""Read what each of many messages means, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

from bot.model import trained
from bot.quiet import quiet_logs
from bot.without_tensorflow import import_rasa


def parse_lines(source: TextIO, sink: TextIO, out: Path) -> int:
    """Answer each JSON line `{"text", "stage"}` with `{"text", "intent", "confidence", "ranking"}`, in order."""
    import_rasa()
    from rasa.core.agent import Agent

    from bot.channel.dialogue import parse

    quiet_logs()
    processor = Agent.load(str(trained(out))).processor
    for line in source:
        if not line.strip():
            continue
        asked = json.loads(line)
        found = parse(processor, [asked["text"]], asked.get("stage", "open"))[0]
        ranking = [
            {"intent": reading["name"], "confidence": round(reading["confidence"], 4)}
            for reading in found["intent_ranking"]
        ]
        answered = {
            "text": asked["text"],
            "intent": found["intent"]["name"],
            "confidence": round(found["intent"]["confidence"], 4),
            "ranking": ranking,
        }
        sink.write(json.dumps(answered, ensure_ascii=False) + "\n")
        sink.flush()
    return 0
