"""Which reader opens which type. Readers are imported when they are needed: a text file needs no PDF library."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TypeAlias

from rag.parsing import detection
from rag.parsing.blocks import Block, DocumentInfo
from rag.parsing.detection import Recognised
from rag.parsing.limits import ParsingLimits

Opened: TypeAlias = tuple[DocumentInfo, Iterable[Block]]


READERS = ("pdf.reader", "docx.reader", "markup.html", "markup.markdown", "plain.reader")


def load_readers() -> None:
    """Import all readers and make them ready, before it is known which one is needed."""
    from rag.parsing.pdf.native import prepare

    for name in READERS:
        import_module(f"rag.parsing.{name}")
    prepare()


@contextmanager
def open_document(file: Recognised, limits: ParsingLimits) -> Iterator[Opened]:
    """Open a recognised file with the reader of its type. Raises `ParsingRefused`, here and while blocks are read."""
    if file.media_type == detection.PDF:
        from rag.parsing.pdf.reader import open_pdf

        with open_pdf(file.path, limits) as opened:
            yield opened
    elif file.media_type == detection.DOCX:
        from rag.parsing.docx.reader import open_docx

        with open_docx(file.path, limits) as opened:
            yield opened
    else:
        yield _open_text(file, limits)


def _open_text(file: Recognised, limits: ParsingLimits) -> Opened:
    if file.text is None:
        raise TypeError(f"{file.media_type} is not a type of text")
    if file.media_type == detection.HTML:
        from rag.parsing.markup.html import open_html

        return open_html(file.text, limits)
    if file.media_type == detection.MARKDOWN:
        from rag.parsing.markup.markdown import open_markdown

        return open_markdown(file.text)
    from rag.parsing.plain.reader import open_plain

    return open_plain(file.text, limits)
