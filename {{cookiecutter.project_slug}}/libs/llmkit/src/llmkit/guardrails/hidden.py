"""Text that a reader does not see and a model does: invisible characters, comments, styles, encodings, look-alikes."""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]"
)
_JOINERS = re.compile(
    "(?<=[\\u0000-\\u024f\\u0370-\\u052f])[\u200c\u200d]+|[\u200c\u200d]+(?=[\\u0000-\\u024f\\u0370-\\u052f])"
)
"""Joiners beside Latin, Greek or Cyrillic letters; Arabic, Indic scripts and emoji need theirs."""
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_TAG_CHARACTERS = re.compile("[\U000e0000-\U000e007f]")
_VARIATIONS = re.compile("[\U000e0100-\U000e01ef\ufe00-\ufe0f]{3,}")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\u206a-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
"""Any character that a pattern above may take out: most texts have none, and one search is quicker than five."""
_IN_WORDS = re.compile("(?<=[^\\W\\d_])[\u200b-\u200d\u2060\ufeff]+(?=[^\\W\\d_])")
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.S)
_MARKDOWN_COMMENT = re.compile(r"^\[(?://|comment)\]:\s*#\s*[\"'(](.*)[\"')]\s*$", re.M | re.I)
_CONCEALED = re.compile(
    r"<(\w{1,20})[^<>]{0,500}(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?!\.[1-9])|color\s*:\s*(?:white|#fff(?:fff)?\b)|\shidden\b)"
    r"[^<>]{0,500}>(.{0,1000}?)</\1>",
    re.S | re.I,
)
_BASE64 = re.compile(r"(?<![\w+/=-])(?:[A-Za-z0-9+/_-]{4}){6,}[A-Za-z0-9+/_-]{0,3}={0,2}(?![\w+/=-])")
_HEX = re.compile(r"(?<!\w)(?:[0-9a-fA-F]{2}[ :]?){24,}(?!\w)")
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_][ ._*-]){5,}[^\W\d_](?!\w)")
_LOOKALIKES = str.maketrans(
    "аеорсухіѕјһԁɡոԛԝвкмнтАВЕКМНОРСТУХІЈЅαορνιτκ",
    "aeopcyxisjhdgnqwbkmhtABEKMHOPCTYXIJSaopvitk",
)
_WORD = re.compile(r"\w+")
_MIXED = re.compile(r"[a-zA-Z][\u0370-\u052f]|[\u0370-\u052f][a-zA-Z]")
LONGEST_DECODED = 20_000


def visible(text: str) -> str:
    """Return the text without characters that nobody sees."""
    if text.isascii() or not _UNSEEN.search(text):
        return text
    for pattern in (_INVISIBLE, _JOINERS, _BIDI, _TAG_CHARACTERS, _VARIATIONS):
        text = pattern.sub("", text)
    return text


def without_comments(text: str) -> str:
    """Return the text without HTML and Markdown comments and without elements that are not shown."""
    return _CONCEALED.sub("", _MARKDOWN_COMMENT.sub("", _COMMENT.sub("", text)))


def folded(text: str) -> str:
    """Return the text as patterns see it: look-alikes in mixed words folded, spaced letters joined, lower case."""
    plain = unicodedata.normalize("NFKC", visible(html.unescape(text)))
    if _MIXED.search(plain):
        plain = _WORD.sub(_unmasked, plain)
    plain = _SPACED.sub(lambda match: re.sub(r"[ ._*-]", "", match.group()), plain)
    return plain.replace("’", "'").lower()  # noqa: RUF001 - the apostrophe of typesetters


def _unmasked(match: re.Match[str]) -> str:
    """A word of two alphabets is meant to be read in one."""
    word = match.group()
    return word.translate(_LOOKALIKES) if _MIXED.search(word) else word


def hidden_marks(text: str) -> Iterator[tuple[str, float]]:
    """Yield reasons to distrust the characters themselves, with their weights."""
    if len(_IN_WORDS.findall(text)) >= 3:
        yield "invisible_characters", 0.6
    if _TAG_CHARACTERS.search(text) and not re.search("\U0001f3f4[\U000e0060-\U000e007f]+", text):
        yield "invisible_characters", 1.0
    if _VARIATIONS.search(text):
        yield "invisible_characters", 0.8
    if len(re.findall("[\u202d\u202e]", text)) >= 1:
        yield "reversed_text", 0.7


def concealed(text: str) -> Iterator[str]:
    """Yield what is hidden in comments, in styles, and in characters that stand for ASCII invisibly."""
    for pattern in (_COMMENT, _MARKDOWN_COMMENT):
        yield from (match.group(1) for match in pattern.finditer(text))
    yield from (match.group(2) for match in _CONCEALED.finditer(text))
    for match in _TAGS.finditer(text):
        yield "".join(chr(ord(character) - 0xE0000) for character in match.group())


def encoded(text: str) -> Iterator[tuple[str, str]]:
    """Yield each Base64 or hexadecimal blob that decodes to text, with that text."""
    for match in _BASE64.finditer(text):
        decoded = _readable(_base64(match.group()))
        if decoded:
            yield match.group(), decoded
    for match in _HEX.finditer(text):
        decoded = _readable(bytes.fromhex(re.sub("[ :]", "", match.group())))
        if decoded:
            yield match.group(), decoded


def _base64(blob: str) -> bytes:
    standard = blob.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(standard[: LONGEST_DECODED - LONGEST_DECODED % 4] + "=" * (-len(standard) % 4))
    except binascii.Error:
        return b""


def _readable(data: bytes) -> str:
    """The bytes as text, when nearly all of it can be read."""
    try:
        text = data[:LONGEST_DECODED].decode()
    except UnicodeDecodeError:
        return ""
    printable = sum(character.isprintable() or character in "\n\t" for character in text)
    return text if text and printable >= 0.95 * len(text) and " " in text.strip() else ""
