"""Pages of PDF files as tests draw and read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas

Reader = Callable[..., Any]  # of conftest.Read
Draw = Callable[..., Path]
LEADING = 12


def lines(
    *texts: str, x: float = 72, y: float = 700, font: str = "Helvetica", size: float = 10
) -> Callable[[Canvas], None]:
    """Draw lines below each other."""

    def drawing(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        for at, text in enumerate(texts):
            canvas.drawString(x, y - at * size * 1.2, text)

    return drawing


def together(*drawings: Callable[[Canvas], None]) -> Callable[[Canvas], None]:
    def drawing(canvas: Canvas) -> None:
        for each in drawings:
            each(canvas)

    return drawing


PROSE = (
    "The committee met eleven times in the course of the year and examined the accounts",
    "of the company, the work of the auditors and the state of the internal controls with",
    "great care, as the law demands.",
)
