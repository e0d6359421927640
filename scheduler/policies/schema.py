"""The published JSON Schema of a card: what an editor checks against while typing.

`python -m scheduler.policies.schema FOLDER` writes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scheduler.policies.card import PolicyCard

SCHEMA_FILE = "schema.json"


def schema_text() -> str:
    schema = PolicyCard.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Policy card"}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")
