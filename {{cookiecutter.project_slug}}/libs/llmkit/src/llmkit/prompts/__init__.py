"""Prompts: versioned files, the version that answers, and where both are published.

    store = PromptStore.load(PROMPTS, settings.prompts)
    prompt = store.choose("rag-answer", key=conversation_id)
    messages = prompt.render(passages=…, question=…)        # `prompt.ref` goes into the `Call`

`PromptAliases(store, database)` makes versions switchable while the service runs; `endpoints.make_router` serves it.
"""

from llmkit.prompts.aliases import PromptAliases
from llmkit.prompts.errors import PromptError, PromptNotFound
from llmkit.prompts.files import Prompt
from llmkit.prompts.settings import PromptSettings
from llmkit.prompts.store import PromptStore

__all__ = ["Prompt", "PromptAliases", "PromptError", "PromptNotFound", "PromptSettings", "PromptStore"]
