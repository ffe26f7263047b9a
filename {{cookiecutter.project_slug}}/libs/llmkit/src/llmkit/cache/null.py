"""The cache of a service whose operator wants none."""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from llmkit.call import Call, ModelRef
from llmkit.ports import CachedAnswer


class NullAnswerCache:
    """See `AnswerCache`: keeps nothing and finds nothing."""

    async def find(
        self, call: Call, models: Sequence[ModelRef], messages: Sequence[BaseMessage], options: str
    ) -> CachedAnswer | None:
        """Find nothing."""

    async def store(
        self,
        call: Call,
        models: Sequence[ModelRef],
        messages: Sequence[BaseMessage],
        options: str,
        answer: CachedAnswer,
    ) -> None:
        """Keep nothing."""
