"""What a document may be called."""

import re
import unicodedata

LONGEST = 255
NAMELESS = "document"
_UNENDED = re.compile(r';\s*filename="(?:[^"\\]|\\.)*$', re.S)
"""A quoted name in a part's header whose second quotation mark is missing: a line break has cut it off."""


def clean_name(name: str) -> str:
    """Return an uploaded file's name as a document's: a relative path of visible characters.

    It is only shown and compared, never opened. Folders are kept, because `guide/index.md` and `api/index.md` are two
    documents; `..` and drive letters are not, nor are characters that steer a terminal or the direction of writing.
    """
    visible = "".join(map(_visible, unicodedata.normalize("NFC", name)))
    parts = [part.strip() for part in visible.replace("\\", "/").split("/")]
    kept = [part for part in parts if part not in ("", ".", "..") and not part.endswith(":")]
    return "/".join(kept)[-LONGEST:].lstrip("/ ") or NAMELESS


def is_broken(name: str, header: str) -> bool:
    """Whether a line break stands in a file's name, or has ended the header that told it (then the rest is lost)."""
    return "\n" in name or "\r" in name or _UNENDED.search(header) is not None


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":  # all kinds of spaces look the same
        return " "
    return "" if category[0] in "CZ" else character
