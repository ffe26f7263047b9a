"""The parser process: what a file can do to it, and what is left of it afterwards."""

import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rag
from rag.parsing.blocks import ParsingRefused
from rag.parsing.limits import ParsingLimits
from rag.parsing.nursery import Nursery
from rag.parsing.parser import ChildDocument, parse
from rag.parsing.starting import ParserUnavailable

MEBIBYTE = 1024**2
Attack = Callable[[str], None]


def refused(
    path: Path, name: str, limits: ParsingLimits | None = None, nursery: Nursery | None = None
) -> ParsingRefused:
    limits = limits or ParsingLimits()
    with pytest.raises(ParsingRefused) as caught, parse(path, name, limits, nursery=nursery) as document:
        list(document.blocks())
    return caught.value


@pytest.fixture(params=["started", "forked"])
def origin(request: pytest.FixtureRequest) -> Iterator[Nursery | None]:
    """Where the process comes from must make no difference to what it can do."""
    nursery = Nursery() if request.param == "forked" else None
    yield nursery
    if nursery:
        nursery.close()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attack:
    """Run other code as the parser process: what a parser would do that a file has taken over."""

    def use(code: str) -> None:
        lines = "\n    ".join(code.split("\n"))
        source = (
            "import os, sys, time\n"
            f"sys.path.insert(0, {str(Path(rag.__file__).parents[1])!r})\n"
            "from pathlib import Path\n"
            "from rag.parsing import child\n"
            "from rag.parsing.wire import encode\n"
            "def run(path, name, limits, write):\n"
            f"    {lines}\n"
            "child.run = run\n"
            "child.main(sys.argv[1:])\n"
        )
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "attack.py").write_text(source)
        starter = folder / "python"
        starter.write_text(f'#!/bin/sh\nshift 8\nexec {sys.executable} -I -B {folder / "attack.py"} "$@"\n')
        starter.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(starter))

    return use


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("Words.\n\nMore words.")
    return path


INFO = 'write(encode("info", "text/plain", None, None))\n'


def test_a_document_is_read_in_another_process(words: Path) -> None:
    with parse(words, "a.txt", ParsingLimits()) as document:
        assert document.info.media_type == "text/plain"
        assert [block.text for block in document.blocks()] == ["Words.", "More words."]


def test_files_are_read_from_several_threads_at_once(words: Path) -> None:
    found: list[list[str]] = []

    def work() -> None:
        with parse(words, "a.txt", ParsingLimits()) as document:
            found.append([block.text for block in document.blocks()])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [["Words.", "More words."]] * 4


def test_a_name_is_data(words: Path) -> None:
    with parse(words, "--help; rm -rf $(x) \n.txt", ParsingLimits()) as document:
        assert len(list(document.blocks())) == 2


def test_a_refusal_comes_with_its_code_and_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.4 and nothing else")
    refusal = refused(path, "a.pdf")
    assert refusal.code == "corrupt"
    assert "save or export" in refusal.hint


def test_a_file_without_words_has_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<html><body><script>1</script></body></html>")
    assert refused(path, "a.html").code == "no_text"


def test_a_missing_file_is_a_refusal_too(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.txt", "none.txt").code == "corrupt"


def test_too_much_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("word " * 20_000)
    refusal = refused(path, "a.txt", ParsingLimits(max_characters=50_000))
    assert (refusal.code, "50000" in refusal.detail) == ("too_large", True)


def pdf(*streams: bytes, filters: bytes = b"") -> bytes:
    """Return a PDF file with a page for each stream of drawing commands."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * at) for at in range(len(streams)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(streams)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for at, stream in enumerate(streams):
        page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
        objects.append(page % (5 + 2 * at))
        objects.append(b"<</Length %d/Filter[%s]>>stream\n%s\nendstream" % (len(stream), filters, stream))
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % each for each in enumerate(objects, start=1))
    return b"%%PDF-1.4\n%strailer<</Root 1 0 R/Size %d>>\nstartxref\n0\n%%%%EOF" % (body, len(objects) + 1)


def bomb(layers: int) -> bytes:
    """Return a PDF file whose page is packed several times over, 150 MiB in the end."""
    data = b"BT /F1 12 Tf (" + b"A" * (150 * MEBIBYTE) + b") Tj ET"
    for _ in range(layers):
        data = zlib.compress(data, 1)
    return pdf(data, filters=b"/FlateDecode " * layers)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_pdf_bomb_ends_as_a_refusal_within_its_memory(tmp_path: Path, layers: int) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(bomb(layers))
    limits = ParsingLimits(max_memory_bytes=256 * MEBIBYTE, max_seconds=30)
    assert refused(path, "bomb.pdf", limits).code in ("too_large", "corrupt", "no_text", "timed_out")


def test_a_parser_that_never_ends_is_stopped_in_time(words: Path, program: Attack, origin: Nursery | None) -> None:
    begin = time.monotonic()
    program(f"{INFO}time.sleep(60)")
    refusal = refused(words, "a.txt", ParsingLimits(max_seconds=1.5), origin)
    assert refusal.code == "timed_out"
    assert time.monotonic() - begin < 30


def test_a_parser_that_takes_too_much_processor_time_is_stopped(
    words: Path, program: Attack, origin: Nursery | None
) -> None:
    limits = ParsingLimits(max_seconds=1)
    code = f"{INFO}import resource\nwrite(encode('blocks'))\nwhile True: pass"
    program(code)
    assert refused(words, "a.txt", limits, origin).code == "timed_out"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.kill(os.getpid(), 11)", "corrupt"),
        ("os.abort()", "corrupt"),
        ("os.kill(os.getpid(), 9)", "too_large"),
        ("os.kill(os.getpid(), 24)", "timed_out"),
        ("os._exit(3)", "corrupt"),
        ("write(b'\\xff\\xff\\xff\\xff')\ntime.sleep(60)", "corrupt"),
        ("write(b'\\0\\0\\0\\5words')\ntime.sleep(60)", "corrupt"),
        ("write(encode('blocks', ['paragraph']))", "corrupt"),
        ("write(encode('blocks', ['nonsense', 'x', 1, 0, []]))", "corrupt"),
        ("write(encode('blocks', ['paragraph', 'x' * 900, 1, 0, []]))\ntime.sleep(60)", "too_large"),
        ("write(encode('info', 1, 2, 3))", "corrupt"),
        ("write(encode('refused', 'corrupt'))", "corrupt"),
        ("write(encode())", "corrupt"),
        ("write(encode(7))", "corrupt"),
    ],
)
def test_whatever_happens_to_the_parser_is_a_refusal(
    words: Path, program: Attack, code: str, expected: str, origin: Nursery | None
) -> None:
    program(INFO + code)
    assert refused(words, "a.txt", ParsingLimits(max_characters=500), origin).code == expected


@pytest.mark.parametrize("code", ["os.abort()", "os.kill(os.getpid(), 11)", "os._exit(3)", "write(encode(7))"])
def test_a_reader_that_the_file_stops_is_told_in_words_that_help(words: Path, program: Attack, code: str) -> None:
    refusal = refused(words, "a.txt", None, program(INFO + code))
    assert refusal.code == "corrupt"
    assert refusal.detail == "The file makes the reader stop: it is damaged, or one of its parts is far too large."
    assert "save or export it anew" in refusal.hint
    assert "SIG" not in f"{refusal.detail} {refusal.hint}"


@pytest.mark.parametrize("code", ["os._exit(0)", "write(encode('done'))", "write(encode('info', 1, 2, 3))"])
def test_a_parser_that_says_nothing_about_the_file_is_a_refusal(
    words: Path, program: Attack, code: str, origin: Nursery | None
) -> None:
    program(code)
    assert refused(words, "a.txt", None, origin).code == "corrupt"


def test_a_parser_that_closes_its_pipe_and_lives_on_is_a_refusal(
    words: Path, program: Attack, origin: Nursery | None
) -> None:
    program(f"{INFO}os.close(1)\ntime.sleep(60)")
    assert refused(words, "a.txt", None, origin).code == "corrupt"


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket\nsocket.create_connection(('127.0.0.1', 9))",
        "import socket\nsocket.getaddrinfo('localhost', 80)",
        "import subprocess\nsubprocess.run(['true'])",
        "os.fork()",
        "os.system('true')",
        "os.execv('/bin/true', ['true'])",
        "open(Path(path).with_name('new'), 'w')",
        "os.open(path, os.O_RDWR)",
    ],
)
def test_network_programs_and_new_files_are_out_of_reach(
    words: Path, program: Attack, attempt: str, origin: Nursery | None
) -> None:
    lines = "\n    ".join(attempt.split("\n"))
    code = f"{INFO}try:\n    {lines}\nexcept PermissionError:\n    write(encode('refused', 'held', 'held', 'held'))"
    program(code)
    assert refused(words, "a.txt", None, origin).code == "held"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may not limit address space")
def test_memory_is_limited(words: Path, program: Attack, origin: Nursery | None) -> None:
    code = f"{INFO}try:\n    bytearray({600 * MEBIBYTE})\nexcept MemoryError:\n    write(child.OUT_OF_MEMORY)"
    program(code)
    assert refused(words, "a.txt", ParsingLimits(max_memory_bytes=512 * MEBIBYTE), origin).code == "too_large"


def test_a_book_of_2000_pages_needs_no_more_memory_than_a_leaflet(tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    lines = b"".join(b"(Line %d of a page in a very long book about nothing.) Tj 0 -14 Td " % at for at in range(8))
    path.write_bytes(
        pdf(*(b"BT /F1 11 Tf 72 700 Td (Page %d begins.) Tj 0 -14 Td %s ET" % (at, lines) for at in range(2_000)))
    )
    peak = 0
    with parse(path, "book.pdf", ParsingLimits(max_memory_bytes=256 * MEBIBYTE)) as document:
        for count, _ in enumerate(document.blocks()):
            if count % 500 == 0 and sys.platform == "linux":
                status = Path(f"/proc/{document._process.pid}/status").read_text()
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]))
    assert document.info.pages == 2_000
    assert peak < 80 * 1024  # in KiB; most of it is Python and the library


def test_the_environment_of_the_service_is_not_handed_over(
    words: Path, program: Attack, monkeypatch: pytest.MonkeyPatch, origin: Nursery | None
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    code = f"{INFO}write(encode('refused', 'env', str('canary' in str(os.environ)), ''))"
    program(code)
    assert refused(words, "a.txt", None, origin).detail == "False"


def test_the_parser_ends_when_its_reader_stops_early(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Some words of a paragraph.\n\n" * 200_000)
    with parse(path, "a.txt", ParsingLimits()) as document:
        next(iter(document.blocks()))
        process = document._process
        assert process.poll() is None
    assert process.returncode is not None


def test_time_in_which_the_reader_is_busy_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Some words of a paragraph.\n\n" * 20_000)
    count = 0
    with parse(path, "a.txt", ParsingLimits(max_seconds=4)) as document:
        for _ in document.blocks():
            if count == 0:
                time.sleep(4.2)
            count += 1
    assert count == 20_000


def test_a_process_that_cannot_start_is_not_the_fault_of_the_file(words: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParserUnavailable), parse(words, "a.txt", ParsingLimits(), program="no.such.module"):
        pass
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ParserUnavailable), parse(words, "a.txt", ParsingLimits()):
        pass


def test_info_needs_an_opened_document(words: Path) -> None:
    with parse(words, "a.txt", ParsingLimits()) as document:
        other = ChildDocument(document._process, ParsingLimits())
        with pytest.raises(RuntimeError, match="not been opened"):
            _ = other.info
