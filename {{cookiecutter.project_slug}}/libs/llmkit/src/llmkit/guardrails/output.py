"""Answers made harmless: links only to allowed hosts, no images, HTML inert. Code is left alone: nothing renders it."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmkit.guardrails.code import code_spans
from llmkit.language.vocabulary import read_lines

_TEXT = r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}\]){0,500})\]"
"""The label of a link, with brackets in it; bounded, so that hostile text cannot make the search take for ever."""
_TARGET = (
    r"\(\s{0,20}(<[^<>\n]{0,2000}>|(?:[^()\s\\\ue000]|\\.|\([^()\s\ue000]{0,500}\)){0,4000})"
    r"(?:\s{1,20}(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?\s{0,20}\)"
)
_IMAGE = re.compile(rf"!{_TEXT}(?:{_TARGET}|\[[^\[\]]{{0,200}}\])")
_LINK = re.compile(rf"(?<!!){_TEXT}{_TARGET}")
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[([^\[\]\n]+)\]:[ \t]*\n?[ \t]*<?([^\s<>\ue000\ue001]+)>?"
    r"(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$",
    re.M,
)
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\s\ue000\ue001]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>")
_BARE = re.compile(r"(?<![\w/])(?<!\]\()(?<!\]\(<)(?:https?://|ftp://|www\.)[^\s<>`\"')\]\ue000\ue001]+", re.I)
_TAG_LIKE = re.compile(r"<[A-Za-z/!?]")
_HTML_NAMES = "|".join(word for line in read_lines("llmkit.guardrails", "html_elements.txt") for word in line.split())
_FOREIGN = re.compile(rf"<(?!/?(?:{_HTML_NAMES})\b[^<>]*>|!--|!doctype)", re.I)
"""`<your-name>` is a placeholder and `a<b` a comparison, which a person should go on seeing."""
_CONTENT_GOES = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math", "title"}
_OPEN, _CLOSE = "\ue000", "\ue001"
_STAND_IN = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_TICKS = re.compile("`+")
_NEAR = 12
"""Characters of a stand-in at most."""
_MOST_PASSES = 6
_UNSAFE = re.compile(r"[\x00-\x20\\\x7f]")


@dataclass(frozen=True, slots=True)
class OutputPolicy:
    """What an answer may hold."""

    link_hosts: frozenset[str] = frozenset()
    """Hosts that may be linked to, with their subdomains; in lower case."""

    def allows(self, url: str) -> bool:
        """Whether a link may stay: http(s), an allowed host, no credentials, nothing that parsers read differently."""
        address = html.unescape(url.strip("<>"))
        if _UNSAFE.search(address):
            return False
        try:
            parts = urlsplit(address)
            host = (parts.hostname or "").lower()
        except ValueError:
            return False
        if parts.scheme.lower() not in {"http", "https"} or parts.username is not None:
            return False
        return any(host == allowed or host.endswith(f".{allowed}") for allowed in self.link_hosts)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A harmless text, and what was taken out: `image`, `link` or `html`, one each time."""

    text: str
    removed: tuple[str, ...] = ()


def clean(text: str, policy: OutputPolicy) -> Cleaned:
    """Make an answer in Markdown harmless. Images become their description, forbidden links their text."""
    cleaning = _Cleaning(policy)
    prose = cleaning.without_code(text)
    for _ in range(_MOST_PASSES):  # taking one thing out may leave another behind
        before = prose
        prose = cleaning.take_out(_IMAGE, prose, "image", lambda match: match.group(1))
        prose = cleaning.take_out(_DEFINITION, prose, "link", lambda match: f"{match.group(1)}: {match.group(2)}")
        prose = cleaning.take_out(_LINK, prose, "link", cleaning.link)
        prose = cleaning.take_out(_AUTOLINK, prose, "link", cleaning.autolink)
        prose = _inert(prose, cleaning.removed)
        prose = cleaning.take_out(_BARE, prose, "link", cleaning.bare)
        if prose == before:
            break
    return Cleaned(cleaning.with_code(prose), tuple(cleaning.removed))


class _Cleaning:
    """One text in work. Code waits behind stand-ins: a link may go around it, and nothing in it is a link."""

    def __init__(self, policy: OutputPolicy) -> None:
        self._policy = policy
        self._code: list[str] = []
        self._ticks = "`"
        self.removed: list[str] = []

    def without_code(self, text: str) -> str:
        text = text.replace(_OPEN, "").replace(_CLOSE, "")
        pieces: list[str] = []
        at = 0
        for start, end in code_spans(text):
            pieces += [text[at:start], self._keep(text[start:end])]
            at = end
        return "".join([*pieces, text[at:]])

    def with_code(self, prose: str) -> str:
        return _STAND_IN.sub(lambda match: self._code[int(match.group(1))], prose)

    def take_out(self, pattern: re.Pattern[str], text: str, kind: str, by: Callable[[re.Match[str]], str]) -> str:
        def replace(match: re.Match[str]) -> str:
            new = by(match)
            if new != match.group():
                self.removed.append(kind)
            return new

        # more backticks than stand alone anywhere, or ours would pair with one of those
        self._ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
        return pattern.sub(replace, text)

    def link(self, match: re.Match[str]) -> str:
        label, target = match.group(1), match.group(2)
        return match.group() if self._policy.allows(target) else label or "link"

    def autolink(self, match: re.Match[str]) -> str:
        address = match.group(1)
        return address if self._policy.allows(address) else self._as_code(address, match)

    def bare(self, match: re.Match[str]) -> str:
        """Renderers turn bare addresses into links; in code they stay text. Punctuation belongs to the sentence."""
        address = match.group()
        url = address.rstrip(".,;:!?")
        if self._policy.allows(url if "://" in url else f"https://{url}"):
            return address
        return self._as_code(url, match) + address[len(url) :]

    def _as_code(self, address: str, match: re.Match[str]) -> str:
        before = match.string[max(0, match.start() - _NEAR) : match.start()]
        after = match.string[match.end() : match.end() + _NEAR]
        left = " " if self.with_code(before).endswith("`") else ""
        right = " " if self.with_code(after).startswith("`") else ""
        return self._keep(f"{left}{self._ticks}{address}{self._ticks}{right}")

    def _keep(self, code: str) -> str:
        self._code.append(code)
        return f"{_OPEN}{len(self._code) - 1}{_CLOSE}"


def _inert(text: str, removed: list[str]) -> str:
    if not _TAG_LIKE.search(text):
        return text
    import nh3

    escaped = _FOREIGN.sub("&lt;", text)
    inert = nh3.clean(escaped, tags=set(), clean_content_tags=_CONTENT_GOES, strip_comments=True)
    if _TAG_LIKE.search(escaped):
        removed.append("html")
    # nh3 escapes for HTML; Markdown needs `>` for quotations, and an ampersand is harmless
    return inert.replace("&gt;", ">").replace("&amp;", "&")
