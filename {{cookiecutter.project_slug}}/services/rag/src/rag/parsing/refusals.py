"""The reasons for which a file is refused, each with what a person can do about it."""

from rag.parsing.blocks import ParsingRefused

SUPPORTED = "PDF, DOCX, HTML, Markdown and plain text"


def encrypted(kind: str) -> ParsingRefused:
    """A password is needed to read the file."""
    return ParsingRefused(
        "encrypted", f"The {kind} file is protected by a password.", "Save a copy without a password."
    )


def corrupt(detail: str) -> ParsingRefused:
    """The file breaks the rules of its own format."""
    return ParsingRefused("corrupt", detail, "Open the file in its own program and save or export it again.")


def reader_stopped() -> ParsingRefused:
    """The process that read the file ended in the middle of it; which of both reasons it was cannot be told."""
    return ParsingRefused(
        "corrupt",
        "The file makes the reader stop: it is damaged, or one of its parts is far too large.",
        "Open the file in its own program and save or export it anew; if that does not help, split it.",
    )


def no_text(detail: str, hint: str = "Upload a file that has text.") -> ParsingRefused:
    """There is nothing to search."""
    return ParsingRefused("no_text", detail, hint)


def scanned() -> ParsingRefused:
    """The pages are pictures."""
    return no_text(
        "The PDF file has pages but no text: they are probably scans.", "Run text recognition (OCR) over it first."
    )


def too_large(detail: str, hint: str = "Split the document into parts.") -> ParsingRefused:
    """The file costs more than a limit allows."""
    return ParsingRefused("too_large", detail, hint)


def unsupported_type(detail: str) -> ParsingRefused:
    """The content is of a type that is not read, or not of the type that its name says."""
    return ParsingRefused("unsupported_type", detail, f"Upload {SUPPORTED}.")


def timed_out(seconds: float) -> ParsingRefused:
    """Parsing took too long."""
    return ParsingRefused(
        "timed_out",
        f"Parsing took longer than {seconds:g} seconds.",
        "Split the document, or save it in a simpler form.",
    )
