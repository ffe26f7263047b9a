"""How varied an answer may be, as far as a model lets callers choose."""

import re

from llmkit.providers.ports import Ask

_CHOOSES_ITSELF = re.compile(r"o\d|gpt-5(?!.*chat)|claude-(fable-5|sonnet-5-5)", re.IGNORECASE)
"""Beginnings of the names of models that refuse every temperature but 1, their own.

LangChain drops it for those of OpenAI, but from a constructor only, and raises an error for those of Anthropic.
"""


def temperature_of(model: str, ask: Ask) -> dict[str, float]:
    """Return the option for a request; empty when none is wanted, or the model would refuse it."""
    if ask.temperature is None or (ask.temperature != 1 and _CHOOSES_ITSELF.match(model)):
        return {}
    return {"temperature": ask.temperature}
