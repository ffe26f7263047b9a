"""What the styles and numberings of a DOCX file mean: headings with their level, and lists."""

import re
from dataclasses import dataclass, field

from rag.parsing.docx.xml import Attributes

HEADING_NAME = re.compile(r"heading (\d)$", re.IGNORECASE)
BODY_LEVEL = 9
"""Outline level of ordinary text."""
LONGEST_CHAIN = 20
BULLET = "bullet"


@dataclass(slots=True)
class Style:
    """A paragraph style, as far as it matters here."""

    name: str = ""
    based_on: str = ""
    outline: int | None = None
    numbering: str = ""


@dataclass(slots=True)
class Styles:
    """The styles of a file by their id. Also the handler that reads them."""

    by_id: dict[str, Style] = field(default_factory=dict)
    _open: Style | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        """An element of styles.xml begins."""
        value = attributes.get("w:val", "")
        if name == "w:style":
            self._open = self.by_id.setdefault(attributes.get("w:styleId", ""), Style())
        elif self._open is not None:
            match name:
                case "w:name":
                    self._open.name = value
                case "w:basedOn":
                    self._open.based_on = value
                case "w:outlineLvl" if value.isdecimal():
                    self._open.outline = int(value)
                case "w:numId":
                    self._open.numbering = value

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "w:style":
            self._open = None

    def characters(self, text: str) -> None:
        """Styles have no text."""

    def _chain(self, style_id: str) -> list[Style]:
        """Return a style and those that it is based on; a circle of them ends."""
        found: list[Style] = []
        while (style := self.by_id.get(style_id)) is not None and len(found) < LONGEST_CHAIN:
            found.append(style)
            style_id = style.based_on
        return found

    def heading_level(self, style_id: str) -> int:
        """Return the level of a heading style, or 0. The title of a document is a heading of the first level."""
        for style in self._chain(style_id):
            if style.outline is not None:
                return style.outline + 1 if style.outline < BODY_LEVEL else 0
            if named := HEADING_NAME.match(style.name):
                return int(named[1])
            if style.name.lower() == "title":
                return 1
        return 0

    def is_title(self, style_id: str) -> bool:
        """Whether the style is that of a document's title."""
        return any(style.name.lower() == "title" for style in self._chain(style_id)[:1])

    def numbering(self, style_id: str) -> str:
        """Return the id of the numbering that the style brings, or nothing."""
        return next((style.numbering for style in self._chain(style_id) if style.numbering), "")


@dataclass(slots=True)
class Numberings:
    """Which numberings count and which only have bullets. Also the handler that reads them."""

    formats: dict[tuple[str, str], str] = field(default_factory=dict)
    abstract_of: dict[str, str] = field(default_factory=dict)
    _abstract: str = ""
    _level: str = ""
    _number: str = ""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element of numbering.xml begins."""
        value = attributes.get("w:val", "")
        match name:
            case "w:abstractNum":
                self._abstract = attributes.get("w:abstractNumId", "")
            case "w:lvl":
                self._level = attributes.get("w:ilvl", "0")
            case "w:numFmt":
                self.formats[self._abstract, self._level] = value
            case "w:num":
                self._number = attributes.get("w:numId", "")
            case "w:abstractNumId":
                self.abstract_of[self._number] = value

    def end(self, name: str) -> None:
        """Nothing is open for longer than its first tag."""

    def characters(self, text: str) -> None:
        """Numberings have no text."""

    def counts(self, numbering: str, level: int) -> bool:
        """Whether the items of a list have numbers."""
        return self.formats.get((self.abstract_of.get(numbering, ""), str(level)), BULLET) not in (BULLET, "none")
