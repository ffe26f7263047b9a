import pytest

from servicekit.http.writes import LARGEST_WAIT_BYTES, JoinedWrites


class Transport:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.done: list[object] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done


class Turns:
    """An event loop whose turns end when the test says so."""

    def __init__(self) -> None:
        self.soon: list = []

    def end(self) -> None:
        while self.soon:
            self.soon.pop(0)()


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def joined(transport, turns) -> JoinedWrites:
    return JoinedWrites(transport, turns.soon.append)


def test_writes_of_one_turn_become_one(joined, transport, turns) -> None:
    joined.write(b"head")
    joined.write(b"body")
    assert transport.done == []
    turns.end()
    assert transport.done == [b"headbody"]


def test_writes_of_two_turns_stay_two(joined, transport, turns) -> None:
    for part in (b"first", b"second"):
        joined.write(part)
        turns.end()
    assert transport.done == [b"first", b"second"]


def test_much_is_not_held_back(joined, transport, turns) -> None:
    joined.write(b"x" * LARGEST_WAIT_BYTES)
    joined.write(b"y")
    assert len(transport.done) == 1
    turns.end()
    assert len(transport.done) == 1


def test_closing_loses_nothing(joined, transport, turns) -> None:
    joined.write(b"last words")
    joined.close()
    turns.end()
    assert transport.done == [b"last words", "closed"]


def test_everything_else_is_the_transports(joined, transport) -> None:
    assert joined.is_closing() is False
    joined.close()
    assert joined.is_closing() is True
