"""The process that forks itself for each file: what it makes, and what becomes of that when one of them ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rag
from rag.parsing.blocks import ParsingRefused
from rag.parsing.limits import ParsingLimits
from rag.parsing.nursery import Nursery
from rag.parsing.parser import parse
from rag.parsing.starting import ParserUnavailable

LONG = "Some words of a paragraph.\n\n" * 200_000


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("Words.\n\nMore words.")
    return path


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.txt"
    path.write_text(LONG)
    return path


def texts(path: Path, nursery: Nursery) -> list[str]:
    with parse(path, path.name, ParsingLimits(), nursery=nursery) as document:
        return [block.text for block in document.blocks()]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" not in status.read_text()


def origin_of(nursery: Nursery) -> "subprocess.Popen[bytes]":
    assert nursery._process is not None
    return nursery._process


def test_each_file_is_read_by_a_process_of_its_own_that_ends_with_it(words: Path, nursery: Nursery) -> None:
    made, origins = set(), set()
    for _ in range(3):
        with parse(words, "a.txt", ParsingLimits(), nursery=nursery) as document:
            assert [block.text for block in document.blocks()] == ["Words.", "More words."]
            made.add(document._process.pid)
            origins.add(origin_of(nursery).pid)
        assert document._process.returncode is not None
        assert not runs(document._process.pid)
    assert (len(made), len(origins)) == (3, 1)
    assert not made & origins


def test_the_end_of_a_process_is_waited_for(words: Path, nursery: Nursery) -> None:
    with parse(words, "a.txt", ParsingLimits(), nursery=nursery) as document:
        assert len(list(document.blocks())) == 2
        assert document._process.wait(30) == 0


def test_files_are_read_at_the_same_time(words: Path, long: Path, nursery: Nursery) -> None:
    with parse(long, "long.txt", ParsingLimits(), nursery=nursery) as unread:
        assert texts(words, nursery) == ["Words.", "More words."]
        assert unread._process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            unread._process.wait(0.02)
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(texts(words, nursery))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [["Words.", "More words."]] * 8


def test_what_it_makes_holds_only_its_own_file_and_pipe(long: Path, words: Path, nursery: Nursery) -> None:
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    with (
        parse(long, "long.txt", ParsingLimits(), nursery=nursery) as first,
        parse(long, "long.txt", ParsingLimits(), nursery=nursery) as second,
    ):
        for document in (first, second):
            held = [str(each.readlink()) for each in Path(f"/proc/{document._process.pid}/fd").iterdir()]
            assert not [each for each in held if each.startswith("socket:")]  # it cannot speak for its origin
            assert len([each for each in held if each.startswith("pipe:")]) == 1
    held = [str(each.readlink()) for each in Path(f"/proc/{origin_of(nursery).pid}/fd").iterdir()]
    assert len([each for each in held if each.startswith("pipe:")]) == 1  # its own output, which nobody uses


def test_a_long_order_arrives_whole(words: Path, nursery: Nursery) -> None:
    with parse(words, "x" * 300_000 + ".txt", ParsingLimits(), nursery=nursery) as document:
        assert len(list(document.blocks())) == 2


def test_a_file_is_refused_as_by_any_other(nursery: Nursery, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    with pytest.raises(ParsingRefused) as caught:
        texts(empty, nursery)
    assert caught.value.code == "no_text"


def test_an_origin_that_has_died_is_replaced(words: Path, nursery: Nursery) -> None:
    texts(words, nursery)
    origin = origin_of(nursery)
    origin.kill()
    origin.wait()
    assert texts(words, nursery) == ["Words.", "More words."]
    assert origin_of(nursery) is not origin


def test_the_death_of_the_origin_is_not_the_fault_of_the_file(long: Path, words: Path, nursery: Nursery) -> None:
    with parse(long, "long.txt", ParsingLimits(), nursery=nursery) as document:
        next(iter(document.blocks()))
        origin_of(nursery).send_signal(signal.SIGKILL)
        origin_of(nursery).wait()
        if sys.platform == "linux":
            until(lambda: not runs(document._process.pid))
        with pytest.raises(ParserUnavailable):
            document._process.poll()
        with pytest.raises(ParserUnavailable):
            list(document.blocks())
    assert texts(words, nursery) == ["Words.", "More words."]


def test_closing_ends_all_and_makes_no_more(long: Path, words: Path, nursery: Nursery) -> None:
    with parse(long, "long.txt", ParsingLimits(), nursery=nursery) as document:
        origin = origin_of(nursery)
        nursery.close()
        assert origin.returncode is not None
        if sys.platform == "linux":
            until(lambda: not runs(document._process.pid))
        with pytest.raises(ParserUnavailable):
            texts(words, nursery)


def test_one_that_cannot_be_started_is_not_the_fault_of_the_file(
    words: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ParserUnavailable):
        texts(words, nursery)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ParserUnavailable):
        texts(words, nursery)


def test_everything_ends_with_the_process_that_made_it(long: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from rag.parsing.limits import ParsingLimits\n"
        "from rag.parsing.nursery import Nursery; from rag.parsing.parser import parse\n"
        "nursery = Nursery()\n"
        "with parse(Path(sys.argv[1]), 'long.txt', ParsingLimits(), nursery=nursery) as document:\n"
        "    print(nursery._process.pid, document._process.pid, flush=True)\n"
        "    os._exit(0)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(rag.__file__).parents[1])}
    command = [sys.executable, "-c", code, str(long)]
    output = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    for pid in map(int, output.split()):
        until(lambda pid=pid: not runs(pid))
