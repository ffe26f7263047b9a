"""HTML: the main content of a page as blocks. Scripts, styles, navigation and hidden parts say nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from rag.parsing import refusals
from rag.parsing.blocks import Block, DocumentInfo
from rag.parsing.detection import HTML
from rag.parsing.encoding import TextFile
from rag.parsing.limits import ParsingLimits
from rag.parsing.markup.collecting import Collector

TREE_FACTOR = 45
"""Bytes of memory for each byte of a page that is full of tiny elements, as measured."""
DEEPEST = 3_000
NESTING = re.compile(
    r"<(/?)(?:div|span|section|article|main|table|ul|ol|dl|blockquote|font|center|form|fieldset|figure|details|"
    r"em|strong|small|sub|sup|code|pre|svg|g|template|label|button|nav|aside|header|footer|[a-z]+-[a-z-]+)\b",
    re.IGNORECASE,
)
"""Elements that are open until they are closed; many others close themselves."""
DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
HEAD_BYTES = 4096
_SILENT = (
    "script style noscript template svg math canvas iframe object embed head nav aside button select input "
    "textarea audio video dialog menu"
)
SILENT = frozenset(_SILENT.split())
OUTSIDE = frozenset(("header", "footer"))
"""Parts of the page, unless they are parts of an article in it."""
_SILENT_ROLES = "navigation banner contentinfo complementary search dialog alert menu"
SILENT_ROLES = frozenset(_SILENT_ROLES.split())
INVISIBLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])", re.IGNORECASE
)
LEAST_MAIN = 0.2
"""A main element with less of the body's text than this is not trusted to be one."""


def open_html(text: TextFile, limits: ParsingLimits) -> tuple[DocumentInfo, Iterator[Block]]:
    """Return what is known about the page, and its blocks. Raises `ParsingRefused`."""
    size = text.path.stat().st_size
    if size * TREE_FACTOR > limits.max_memory_bytes:
        raise refusals.too_large(f"The page has {size} bytes, more than can be parsed in memory.")
    source = _source(text)
    _check_depth(source)
    tree = LexborHTMLParser(source)
    node = tree.css_first("title")
    title = " ".join(node.text().split()) if node is not None else ""
    return DocumentInfo(HTML, title or None, None), _blocks(tree)


def _check_depth(source: str) -> None:
    """Refuse a page whose elements are nested so deep that building its tree would take for ever."""
    depth = 0
    for found in NESTING.finditer(source):
        depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > DEEPEST:
            raise refusals.corrupt(f"The elements of the page are nested more than {DEEPEST} levels deep.")


def _source(text: TextFile) -> str:
    declared = _declared(text.path) if text.encoding in ("utf-8", "cp1252") else None
    return "".join(TextFile(text.path, declared or text.encoding).pieces())


def _declared(path: Path) -> str | None:
    """Return the encoding that the page names, when Python knows it and it is one byte at a time."""
    with path.open("rb") as file:
        found = DECLARED.search(file.read(HEAD_BYTES))
    if found is None:
        return None
    name = found[1].decode("ascii", "replace").lower()
    try:
        return name if "".encode(name) == b"" and " <".encode(name) == b" <" else None
    except (LookupError, UnicodeError):
        return None


def _blocks(tree: LexborHTMLParser) -> Iterator[Block]:
    body = tree.body
    if body is None:
        return
    yield from _walk(_main(tree, body))


def _main(tree: LexborHTMLParser, body: LexborNode) -> LexborNode:
    whole = len(body.text())
    for selector in ("main", "[role=main]", "article"):
        found = tree.css(selector)
        if len(found) == 1 and len(found[0].text()) >= LEAST_MAIN * whole:
            return found[0]
    return body


def _walk(root: LexborNode) -> Iterator[Block]:
    """Go through the tree without recursion: pages may be nested deeper than Python may call."""
    collector, end = Collector(), root.mem_id
    node: LexborNode | None = root
    inside = root.tag != "body"
    while node is not None:
        if node.tag == "-text":
            collector.text(node.text_content or "")
        elif not _silent(node, inside):
            yield from collector.open(node.tag, node.attributes)
            if node.child is not None:
                node = node.child
                continue
            yield from collector.close(node.tag)
        while node is not None and node.next is None and node.mem_id != end:  # `!=` would compare all that is in them
            node = node.parent
            if node is not None:
                yield from collector.close(node.tag)
        node = node.next if node is not None and node.mem_id != end else None
    yield from collector.finish()


def _silent(node: LexborNode, inside: bool) -> bool:
    tag = node.tag or ""
    if tag in SILENT or tag.startswith(("-", "!")) or (tag in OUTSIDE and not inside):
        return True
    attributes = node.attributes
    if not attributes:
        return False
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or (attributes.get("role") or "") in SILENT_ROLES
        or INVISIBLE.search(attributes.get("style") or "") is not None
    )
