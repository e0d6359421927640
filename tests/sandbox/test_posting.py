"""Forms posted over kept connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from sandbox.posting import Answer, Posts

DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GOODBYE = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Listener:
    """Gives the prepared answers, one a request, and counts connections. An empty answer hangs up."""

    def __init__(self, *answers: bytes, hangs_up_after: bool = False) -> None:
        self._answers = list(answers)
        self._hangs_up_after = hangs_up_after
        self._hung_up = threading.Semaphore(0)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/hook?contact=7"
        self.connections = 0
        self.heard: list[bytes] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for_hang_up(self) -> None:
        assert self._hung_up.acquire(timeout=5)

    def _listen(self) -> None:
        with self._socket:
            while self._answers:
                connection, _ = self._socket.accept()
                self.connections += 1
                with connection:
                    self._answer(connection)
                self._hung_up.release()

    def _answer(self, connection: socket.socket) -> None:
        while self._answers and (heard := connection.recv(65536)):
            self.heard.append(heard)
            answer = self._answers.pop(0)
            connection.sendall(answer)
            if self._hangs_up_after or not answer:
                return


@pytest.fixture
def posts() -> Iterator[Posts]:
    posts = Posts(timeout_seconds=5)
    yield posts
    posts.close()


def test_posts_go_over_one_connection_as_they_were_given(posts: Posts) -> None:
    listener = Listener(DONE, DONE)
    answers = [posts.post(listener.url, {"X-Mark": "1"}, "Body=%E5%A5%BD") for _ in range(2)]
    assert answers == [Answer(200, b"ok")] * 2
    assert listener.connections == 1
    head, _, body = listener.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?contact=7 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nContent-Length: 14\r\nX-Mark: 1" in head
    assert body == b"Body=%E5%A5%BD"


@pytest.mark.parametrize("answer", [DONE, GOODBYE])
def test_a_connection_that_was_closed_is_not_used_again(posts: Posts, answer: bytes) -> None:
    listener = Listener(answer, answer, hangs_up_after=True)
    statuses = []
    for _ in range(2):
        statuses.append(posts.post(listener.url, {}, "").status)
        # The end of the first must have come, else the second may race it.
        listener.wait_for_hang_up()
    assert listener.connections == 2
    assert len(set(statuses)) == 1


@pytest.mark.parametrize(
    "answer", [b"", b"+OK not HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_what_is_no_answer_is_an_error(posts: Posts, answer: bytes) -> None:
    listener = Listener(answer, hangs_up_after=True)
    with pytest.raises(OSError, match="not HTTP"):
        posts.post(listener.url, {}, "Body=1")


def test_nobody_there_is_an_error(posts: Posts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(OSError):
        posts.post(f"http://127.0.0.1:{port}/", {}, "")
