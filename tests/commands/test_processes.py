"""What the house asks of the machine before it starts anything."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from outreach_api.processes import ProcessFault, refuse_taken_port, sole_use_of


def test_a_taken_port_is_refused_and_says_so() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ProcessFault, match=str(port)):
            refuse_taken_port(port)
    refuse_taken_port(port)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with sole_use_of(home), pytest.raises(ProcessFault, match="demo"), sole_use_of(home):
        pass
    with sole_use_of(home):
        pass
