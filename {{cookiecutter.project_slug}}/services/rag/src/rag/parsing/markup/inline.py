"""The words of a line of Markdown, without the marks around them."""

import html
import re

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
TAG = re.compile(r"</?[A-Za-z][^<>]{0,1000}>")
IMAGE = re.compile(r"!\[([^\]\[]{0,500})\](?:\([^()\s]{0,2000}(?:\s+[\"'][^\"']{0,300}[\"'])?\)|\[[^\]]{0,200}\])")
LINK = re.compile(r"\[([^\]\[]{1,1000})\](?:\([^()\s]{0,2000}(?:\s+[\"'][^\"']{0,300}[\"'])?\)|\[[^\]]{0,200}\])")
AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]{1,2000})>")
STRONG = re.compile(r"(\*\*|__)(?=\S)(.{1,1000}?\S|\S)\1")
EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]{1,1000}?)(?<=\S)\1(?![\w*])")
CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")


def plain(text: str) -> str:
    """Return a line's words: links give their text, images their description. Code in backticks stays as it is."""
    parts, at = [], 0
    for found in CODE.finditer(text):
        parts += [_words(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, _words(text[at:])]).strip()


def _words(text: str) -> str:
    if not any(mark in text for mark in "[<*_\\&"):
        return text
    text = AUTOLINK.sub(r"\1", COMMENT.sub("", text))
    text = TAG.sub("", text)
    text = LINK.sub(r"\1", IMAGE.sub(r"\1", text))
    text = EMPHASIS.sub(r"\2", STRONG.sub(r"\2", text))
    return html.unescape(ESCAPED.sub(r"\1", text))
