"""Blocks to chunks: no overlap, nothing lost, each about as large as is wanted.

The structure of the document decides first (sections, then pages, paragraphs and sentences), the size last. Chunks come
while blocks are read: what is kept is the chunk that grows and the one before it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.chunking.boundaries import Cutter, after_blank_line, after_line, after_sentence, after_word
from rag.chunking.chunks import Chunk
from rag.chunking.drafts import Draft
from rag.chunking.options import ChunkOptions, Strategy
from rag.chunking.pieces import Piece, by_page, heading_text, piece_of, split_by_room
from rag.chunking.tables import table_parts
from rag.parsing.blocks import Block, BlockKind

SECTION = 2
"""Headings down to this level always begin a chunk: a document often has one of the first level, its title."""
FULL_ENOUGH = 0.5
"""Part of the target from which a chunk rather ends than that a paragraph is divided or a page is turned."""
LITTLE = 0.25
"""Part of the target below which the end of a section goes to the chunk before it, and no room is worth filling."""
MOST = 1.25
"""No chunk is larger than the target by more than this factor."""
BY_KIND: dict[BlockKind, Cutter] = {
    BlockKind.PARAGRAPH: after_sentence,
    BlockKind.LIST: after_line,
    BlockKind.CODE: after_blank_line,
}


@dataclass(frozen=True, slots=True)
class _Policy:
    """What a strategy looks at."""

    structured: bool
    cut: Cutter

    def cutter(self, piece: Piece) -> Cutter:
        return BY_KIND.get(piece.kind, self.cut) if self.structured else self.cut


POLICIES = {
    Strategy.STRUCTURE: _Policy(structured=True, cut=after_sentence),
    Strategy.SENTENCES: _Policy(structured=False, cut=after_sentence),
    Strategy.FIXED: _Policy(structured=False, cut=after_word),
}


def chunk(blocks: Iterable[Block], options: ChunkOptions) -> Iterator[Chunk]:
    """Yield the chunks of a document in order. Together they hold each word once, but headers of tables repeat."""
    packer = _Packer(options, POLICIES[options.strategy])
    for block in blocks:
        yield from packer.take(block)
    yield from packer.finish()


class _Packer:
    """The chunk that grows, the one before it, and where in the document they are."""

    def __init__(self, options: ChunkOptions, policy: _Policy) -> None:
        self._target = options.target_tokens
        self._parent_target = options.parent_tokens
        self._policy = policy
        self._above: list[tuple[int, str]] = []
        self._draft = Draft()
        self._held: Draft | None = None
        self._ordinal = 0
        self._parent = 0
        self._parent_tokens = 0

    def take(self, block: Block) -> Iterator[Chunk]:
        """Take the next block."""
        if not block.text.strip():
            return
        if block.kind is not BlockKind.HEADING:
            yield from self._text(piece_of(block, self._path()))
            return
        if self._policy.structured:
            yield from self._section(block.level)
        while self._above and self._above[-1][0] >= block.level:
            self._above.pop()
        self._above.append((block.level, heading_text(block.text)))
        yield from self._place(piece_of(block, self._path()))

    def finish(self) -> Iterator[Chunk]:
        """The document ends."""
        yield from self._hold(self._draft)
        yield from self._release()

    def _path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._above)

    def _section(self, level: int) -> Iterator[Chunk]:
        """End what stands above a heading, unless it is a small part of a larger section."""
        body, headings = self._draft.without_last_headings()
        if level > SECTION and body.tokens < FULL_ENOUGH * self._target:
            return
        if any(heading.level >= level for heading in headings.pieces):  # sections without text
            body, headings = self._draft, Draft()
        self._draft = headings
        yield from self._hold(body)
        if level <= SECTION:
            yield from self._release()

    def _text(self, piece: Piece) -> Iterator[Chunk]:
        whole = not self._policy.structured or piece.kind is BlockKind.TABLE  # tables know pages by their rows
        for part in (piece,) if whole else by_page(piece):
            if self._policy.structured and self._turns_page(part):
                yield from self._flush()
            yield from self._place(part)

    def _turns_page(self, piece: Piece) -> bool:
        """Whether a chunk that is large enough would go on over the end of a page: it could not be cited exactly."""
        draft = self._draft
        return draft.has_text and draft.tokens >= FULL_ENOUGH * self._target and piece.page > draft.pieces[0].page

    def _place(self, piece: Piece) -> Iterator[Chunk]:
        """Put a piece into the draft, or as much of it as there is room for and the rest into the next ones."""
        if piece.tokens < self._room():
            self._draft.add(piece)
            return
        if self._policy.structured:
            if self._draft.tokens >= FULL_ENOUGH * self._target:
                yield from self._flush()
            if piece.kind is BlockKind.TABLE:
                yield from self._table(piece)
                return
        while piece.tokens >= self._room():
            if self._room() < LITTLE * self._target:
                yield from self._flush(headings_too=True)
                continue
            first, piece = split_by_room(piece, self._room() - 1, self._policy.cutter(piece))
            self._draft.add(first)
            yield from self._flush()
        self._draft.add(piece)

    def _room(self) -> int:
        return self._target - self._draft.tokens

    def _table(self, piece: Piece) -> Iterator[Chunk]:
        if self._room() < LITTLE * self._target:
            yield from self._flush(headings_too=True)
        for part in table_parts(piece, self._room() - 1, self._target - 1):
            if part.tokens >= self._room() and self._draft.pieces:
                yield from self._flush(headings_too=True)
            self._draft.add(part)

    def _flush(self, *, headings_too: bool = False) -> Iterator[Chunk]:
        """End the draft. Headings at its end wait for their text, when there is room for it below them."""
        body, headings = self._draft.without_last_headings()
        if headings_too or headings.tokens > FULL_ENOUGH * self._target or not self._policy.structured:
            body, headings = self._draft, Draft()
        self._draft = headings
        yield from self._hold(body)

    def _hold(self, draft: Draft) -> Iterator[Chunk]:
        """Keep a finished draft until the next one is there: when that is tiny, it is put to this one."""
        if not draft.pieces:
            return
        held = self._held
        if held is not None and self._joins(held, draft):
            held.absorb(draft)
            return
        yield from self._release()
        self._held = draft

    def _joins(self, held: Draft, draft: Draft) -> bool:
        small = draft.tokens < LITTLE * self._target and held.tokens + draft.tokens <= MOST * self._target
        return small and draft.page_end <= held.page_end and not 0 < draft.opens <= SECTION

    def _release(self) -> Iterator[Chunk]:
        draft, self._held = self._held, None
        if draft is None:
            return
        made = draft.chunk(self._ordinal, self._parent)
        if self._ordinal and self._begins_parent(draft, made.tokens):
            self._parent += 1
            self._parent_tokens = 0
            made = draft.chunk(self._ordinal, self._parent)
        self._ordinal += 1
        self._parent_tokens += made.tokens
        yield made

    def _begins_parent(self, draft: Draft, tokens: int) -> bool:
        """Whether a chunk begins a section, or no longer fits into the part of the section before it."""
        full = self._parent_tokens + tokens > self._parent_target
        if not self._policy.structured:
            return full
        section = draft.opens == 1 or (draft.opens == SECTION and self._parent_tokens >= LITTLE * self._parent_target)
        return full or section
