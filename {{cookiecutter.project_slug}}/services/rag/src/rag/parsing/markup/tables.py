"""Tables as text: the Markdown form that every reader writes."""

from collections.abc import Sequence

MOST_COLUMNS = 60


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as a Markdown table; the first row is the header. Empty when there is nothing in it."""
    filled = [[_cell(cell) for cell in row[:MOST_COLUMNS]] for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        return ""
    width = max(len(row) for row in filled)
    lines = [_row(row, width) for row in filled]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def _row(cells: Sequence[str], width: int) -> str:
    return "| " + " | ".join([*cells, *[""] * (width - len(cells))]) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
