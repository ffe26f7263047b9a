"""Prices that an operator states: for private models, local ones, or when a listed price is wrong.

["openai:gpt-5-mini"]     # TOML; the same in JSON: {"openai:gpt-5-mini": {"input": 0.25, "output": 2}}
input = 0.25              # dollars per million tokens
output = 2
cached = 0.025            # input that the provider had cached; left out, it costs as much as other input

["ollama:*"]              # every model of a provider that is not named itself
input = 0
output = 0
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from llmkit.call import ModelRef, TokenUsage

MILLION = Decimal(1_000_000)
ANY = "*"
"""In place of a model's name: all models of the provider."""
FIELDS = ("input", "output", "cached")


class PriceFileError(ValueError):
    """The price file cannot be used; the message names the file and the line or key."""


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """Dollars per million tokens."""

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    """Of cached input; None means that of other input."""

    def cost(self, usage: TokenUsage) -> Decimal:
        """Return the price of an answer; `usage.input` includes the cached tokens."""
        cached = min(usage.cached_input, usage.input)
        cached_price = self.input if self.cached is None else self.cached
        return (self.input * (usage.input - cached) + cached_price * cached + self.output * usage.output) / MILLION


def read_price_file(path: Path) -> dict[str, TokenPrice]:
    """Return the prices of a `.toml` or `.json` file by `provider:model`; PriceFileError when it is not right."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceFileError(f"{path} cannot be read: {error}") from error
    return {_checked_key(path, key): _price(path, key, entry) for key, entry in _parse(path, text).items()}


def find_price(prices: Mapping[str, TokenPrice], model: ModelRef) -> TokenPrice | None:
    """Return the price that a file states for a model, by its name or else for its whole provider."""
    return prices.get(f"{model.provider}:{model.name}") or prices.get(f"{model.provider}:{ANY}")


def _parse(path: Path, text: str) -> Mapping[str, object]:
    try:
        if path.suffix == ".toml":
            return tomllib.loads(text, parse_float=Decimal)
        if path.suffix == ".json":
            found = json.loads(text, parse_float=Decimal, object_pairs_hook=_without_repetition)
            if isinstance(found, dict):
                return found
            raise PriceFileError(f"{path}: line 1: expected an object of prices by provider:model")
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, _RepeatedKeyError) as error:
        raise PriceFileError(f"{path}: {error}") from error
    raise PriceFileError(f"{path} must be named .toml or .json")


class _RepeatedKeyError(ValueError):
    pass


def _without_repetition(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    made: dict[str, object] = {}
    for key, value in pairs:
        if key in made:
            raise _RepeatedKeyError(f"key {key!r}: given twice")
        made[key] = value
    return made


def _checked_key(path: Path, key: str) -> str:
    if not re.fullmatch(r"[^\s:]+:\S+", key):
        raise PriceFileError(f'{path}: key {key!r}: not provider:model (in TOML write it as ["provider:model"])')
    return key


def _price(path: Path, key: str, entry: object) -> TokenPrice:
    if not isinstance(entry, dict):
        raise PriceFileError(f"{path}: key {key!r}: expected input and output, and cached if it differs")
    unknown = [name for name in entry if name not in FIELDS]
    if unknown:
        raise PriceFileError(f"{path}: key {key!r}: unknown {unknown[0]!r}; there are {', '.join(FIELDS)}")
    for name in ("input", "output"):
        if name not in entry:
            raise PriceFileError(f"{path}: key {key!r}: {name} is missing")
    return TokenPrice(**{name: _amount(path, key, name, value) for name, value in entry.items()})


def _amount(path: Path, key: str, name: str, value: object) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        amount = Decimal(value)
        if amount.is_finite() and amount >= 0:
            return amount
    raise PriceFileError(f"{path}: key {key!r}: {name} must be dollars per million tokens, not {value!r}")
