import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.parsing import child
from rag.parsing.blocks import Block, BlockKind
from rag.parsing.confinement import _refuse
from rag.parsing.limits import ParsingLimits
from rag.parsing.settings import ParsingSettings
from rag.parsing.wire import LARGEST_BLOCK, Decoder, unpack_block


def messages(path: Path, name: str, limits: ParsingLimits | None = None) -> list[tuple[str, list[object]]]:
    written: list[bytes] = []
    child.run(path, name, limits or ParsingLimits(), written.append)
    return list(Decoder().feed(b"".join(written)))


def test_info_blocks_and_the_end_are_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# Title\n\nWords.")
    assert messages(path, "a.md") == [
        ("info", ["text/markdown", "Title", None]),
        ("blocks", [["heading", "Title", 1, 1, []], ["paragraph", "Words.", 1, 0, []]]),
        ("done", []),
    ]


def test_many_blocks_come_in_several_messages(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Words.\n\n" * 500)
    kinds = [(kind, len(content)) for kind, content in messages(path, "a.txt")]
    sizes = [25, 50, 100, 200, 125]  # they grow, so that the reader of a short document begins early
    assert kinds == [("info", 3), *(("blocks", size) for size in sizes), ("done", 0)]


def test_an_error_of_a_reader_is_sent_as_a_refusal(tmp_path: Path) -> None:
    (kind, content), *rest = messages(tmp_path / "none", "none")
    assert (kind, content[0], rest) == ("refused", "corrupt", [])
    assert content[1] == "The file cannot be read (FileNotFoundError)."


def sent(*blocks: Block) -> list[Block]:
    written: list[bytes] = []
    child.Sender(ParsingLimits(), written.append).send(blocks)
    return [unpack_block(each) for _, content in Decoder().feed(b"".join(written)) for each in content]


def test_a_block_that_is_too_long_is_cut_between_words_and_keeps_its_pages() -> None:
    text = "word " * 50_000 + "end"
    breaks = (10, 150_000, 240_000)
    parts = sent(Block(BlockKind.PARAGRAPH, text, 4, breaks=breaks))
    assert "".join(part.text for part in parts) == text
    assert all(len(part.text) <= LARGEST_BLOCK and part.text[-1] in " d" for part in parts)
    offsets = [sum(len(part.text) for part in parts[:at]) for at in range(len(parts))]
    pages = [(offset + at, part.page) for offset, part in zip(offsets, parts, strict=True) for at in part.breaks]
    assert [at for at, _ in pages] == list(breaks)
    assert [part.page for part in parts] == [4 + sum(at <= offset for at in breaks) for offset in offsets]


def test_a_reader_that_runs_out_of_memory_is_too_large(tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        raise MemoryError

    def write(data: bytes) -> None:
        written.append(data)
        if len(written) == 1:
            raise MemoryError

    written: list[bytes] = []
    path = tmp_path / "a.txt"
    path.write_text("Words.")
    child.run(path, "a.txt", ParsingLimits(), write)
    assert written[1] == child.OUT_OF_MEMORY


def test_a_reader_whose_parent_is_gone_ends_quietly(tmp_path: Path) -> None:
    def write(_: bytes) -> None:
        raise BrokenPipeError

    path = tmp_path / "a.txt"
    path.write_text("Words.")
    child.run(path, "a.txt", ParsingLimits(), write)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", ()),
        ("subprocess.Popen", ()),
        ("os.fork", ()),
        ("open", ("a", "w", os.O_WRONLY | os.O_CREAT)),
        ("open", ("a", None, os.O_RDWR)),
    ],
)
def test_forbidden_events_raise(event: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(PermissionError):
        _refuse(event, arguments)


@pytest.mark.parametrize(("event", "arguments"), [("open", ("a", "r", os.O_RDONLY)), ("import", ("zlib",))])
def test_reading_and_importing_are_allowed(event: str, arguments: tuple[object, ...]) -> None:
    _refuse(event, arguments)


def test_settings_are_the_limits() -> None:
    assert ParsingSettings().limits() == ParsingLimits()
    assert ParsingSettings(max_pages=7).limits().max_pages == 7
    assert all(field.description for field in ParsingSettings.model_fields.values())
