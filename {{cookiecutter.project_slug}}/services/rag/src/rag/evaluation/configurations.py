"""Writing a configuration as `mode=dense,rerank=true`: what `--compare` takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from rag.chunking.options import Strategy
from rag.indexing.ports import Mode
from rag.retrieval.passages import Expansion, RetrievalOptions, Rewriting

Chunking: TypeAlias = tuple[str | None, int | None]

STAGES: Mapping[str, str] = MappingProxyType(
    {
        "dense only": "mode=dense",
        "sparse only": "mode=sparse",
        "rerank": "rerank=true",
        "neighbours": "expansion=neighbours",
        "parent": "expansion=parent",
        "multi_query": "rewriting=multi_query",
        "hyde": "rewriting=hyde",
        "not condensed": "condense=false",
    }
)
"""Each optional stage as a change of the present configuration."""
STRATEGIES = tuple(strategy.value for strategy in Strategy)
_LARGEST_LIMIT = 100
_LARGEST_WEIGHT = 10


class ConfigurationRefused(Exception):
    """A configuration is not understood."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A configuration. Chunking differs from the settings only where it is not None; it needs an index of its own."""

    retrieval: RetrievalOptions = field(default_factory=RetrievalOptions)
    strategy: str | None = None
    target_tokens: int | None = None

    @property
    def chunking(self) -> Chunking:
        """Variants that agree on this can share an index."""
        return self.strategy, self.target_tokens


def changed(base: Variant, text: str) -> Variant:
    """Return the base with the changes that the text names."""
    variant = base
    for part in text.split(","):
        key, separator, value = (piece.strip() for piece in part.partition("="))
        if not separator or key not in _CHANGES:
            raise ConfigurationRefused(f"{part.strip()!r} is not one of {', '.join(f'{name}=' for name in _CHANGES)}")
        try:
            variant = _CHANGES[key](variant, value)
        except ValueError as error:
            raise ConfigurationRefused(f"{key}={value}: {error}") from error
    return variant


def _strategy(variant: Variant, value: str) -> Variant:
    if value not in STRATEGIES:
        raise ValueError(f"must be one of {', '.join(STRATEGIES)}")
    return replace(variant, strategy=value)


def _flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


def _number(value: str, largest: int) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= largest:
        raise ValueError(f"must be a whole number from 1 to {largest}")
    return int(value)


def _weight(value: str) -> float:
    weight = float(value)
    if not 0 < weight <= _LARGEST_WEIGHT:
        raise ValueError(f"must be a number above 0, at most {_LARGEST_WEIGHT}")
    return weight


def _choice(kind: type[Mode | Expansion | Rewriting], value: str) -> Mode | Expansion | Rewriting:
    allowed = [member.value for member in kind]
    if value not in allowed:
        raise ValueError(f"must be one of {', '.join(allowed)}")
    return kind(value)


def _retrieval(name: str, read: Callable[[str], object]) -> Callable[[Variant, str], Variant]:
    def change(variant: Variant, value: str) -> Variant:
        return replace(variant, retrieval=replace(variant.retrieval, **{name: read(value)}))  # type: ignore[arg-type]  # read makes the field's type

    return change


_CHANGES: Mapping[str, Callable[[Variant, str], Variant]] = MappingProxyType(
    {
        "mode": _retrieval("mode", lambda value: _choice(Mode, value)),
        "dense_weight": _retrieval("dense_weight", _weight),
        "rerank": _retrieval("rerank", _flag),
        "expansion": _retrieval("expansion", lambda value: _choice(Expansion, value)),
        "rewriting": _retrieval("rewriting", lambda value: _choice(Rewriting, value)),
        "condense": _retrieval("condense", _flag),
        "limit": _retrieval("limit", lambda value: _number(value, _LARGEST_LIMIT)),
        "candidates": _retrieval("candidates", lambda value: _number(value, 10 * _LARGEST_LIMIT)),
        "chunking": _strategy,
        "target_tokens": lambda variant, value: replace(variant, target_tokens=_number(value, 100_000)),
    }
)
