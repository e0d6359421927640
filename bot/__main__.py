"""Train, serve or ask the bot: `python -m bot train | serve --port P | parse`, from the repository's root."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bot import quiet  # noqa: F401  (before anything of Rasa)
from bot.model import OUT


def main() -> int:
    arguments = _arguments()
    if arguments.command == "train":
        from bot.model import train

        return train(arguments.out)
    if arguments.command == "serve":
        from bot.serve import serve

        return serve(arguments.port, arguments.out)
    from bot.parse import parse_lines

    return parse_lines(sys.stdin, sys.stdout, arguments.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bot", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    trainer = commands.add_parser("train", help="train unless the trained model is up to date")
    server = commands.add_parser("serve", help="answer turns on 127.0.0.1; the secret is OUTREACH_BOT_SECRET")
    server.add_argument("--port", type=int, required=True)
    reader = commands.add_parser("parse", help='read JSON lines {"text", "stage"}, write {"text", "intent", …}')
    for command in (trainer, server, reader):
        command.add_argument("--out", type=Path, default=OUT, help="where the trained model lies (default: var/bot)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
