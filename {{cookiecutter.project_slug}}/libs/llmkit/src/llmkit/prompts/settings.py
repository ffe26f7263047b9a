"""Settings of prompts: which versions answer."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, PositiveInt
from pydantic_settings import NoDecode

from servicekit.settings import Group


def _versions(value: object) -> object:
    """Read `rag-answer=2,rag-title=1`."""
    return _pairs(value, ",", "name=version") if isinstance(value, str) else value


def _split(value: object) -> object:
    """Read `rag-answer=1:50,2:50;rag-title=1:90,2:10`."""
    if not isinstance(value, str):
        return value
    outer = _pairs(value, ";", "name=version:weight,version:weight")
    return {name: _pairs(weights, ",", "version:weight", ":") for name, weights in outer.items()}


def _pairs(text: str, separator: str, form: str, sign: str = "=") -> dict[str, str]:
    read: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(separator))):
        name, _, value = (piece.strip() for piece in part.partition(sign))
        if not name or not value:
            raise ValueError(f"{part!r} is not {form}")
        read[name] = value
    return read


class PromptSettings(Group):
    """Which version of a prompt answers; the newest one where nothing is said."""

    versions: Annotated[Mapping[str, str], NoDecode, BeforeValidator(_versions)] = Field(
        {}, description="Versions that answer instead of the newest: rag-answer=2,rag-title=1"
    )
    split: Annotated[Mapping[str, Mapping[str, PositiveInt]], NoDecode, BeforeValidator(_split)] = Field(
        {}, description="Versions that share the calls by weight: rag-answer=1:50,2:50;rag-title=1:90,2:10"
    )
