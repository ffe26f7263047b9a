"""The rewriter that asks a language model: the cheap tier, through the governed gateway."""

import re
from collections.abc import Mapping, Sequence

import structlog

from llmkit.call import Call, Tier, report_of
from llmkit.errors import ModelError
from rag.retrieval.escaping import escape
from rag.retrieval.ports import ChatModels, Rewritten, Turn
from rag.retrieval.prompting import PromptWriter
from rag.retrieval.settings import RetrievalSettings
from servicekit.context import current_request

LONGEST_QUESTION = 2000
LONGEST_INVENTED = 4000
OUTPUT_TOKENS = 400
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_log = structlog.get_logger(__name__)


class ModelRewriter:
    """Words questions anew with a model. A model that fails costs the better wording, not the search."""

    def __init__(self, models: ChatModels, prompts: PromptWriter, settings: RetrievalSettings) -> None:
        self._models = models
        self._prompts = prompts
        self._settings = settings

    async def condense(self, tenant: str, question: str, history: Sequence[Turn]) -> Rewritten:
        """Return the question with what the history says put in, or nothing."""
        text, report = await self._ask(tenant, "rag-condense", history, question=escape(question))
        standalone = " ".join(text.split())
        usable = 0 < len(standalone) <= LONGEST_QUESTION
        return Rewritten((standalone,) if usable else (), report)

    async def multi_query(self, tenant: str, question: str) -> Rewritten:
        """Return up to the set number of other wordings."""
        number = self._settings.rewriting_queries
        text, report = await self._ask(tenant, "rag-multi-query", number=str(number), question=escape(question))
        lines = (_BULLET.sub("", line).strip()[:LONGEST_QUESTION] for line in text.splitlines())
        wordings = dict.fromkeys(line for line in lines if line and line.casefold() != question.casefold())
        return Rewritten(tuple(wordings)[:number], report)

    async def hyde(self, tenant: str, question: str) -> Rewritten:
        """Return an invented passage."""
        text, report = await self._ask(tenant, "rag-hyde", question=escape(question))
        return Rewritten((text.strip()[:LONGEST_INVENTED],) if text.strip() else (), report)

    async def _ask(
        self, tenant: str, name: str, history: Sequence[Turn] = (), **variables: str
    ) -> tuple[str, Mapping[str, object] | None]:
        prompt = self._prompts.write(name, tenant, history, **variables)
        request = current_request()
        call = Call(
            tenant=tenant,
            purpose=name.replace("-", ".", 1),
            tier=Tier.CHEAP,
            prompt=prompt.ref,
            deadline_seconds=self._settings.rewriting_seconds,
            max_output_tokens=OUTPUT_TOKENS,
            temperature=0.0,
            request_id=request.request_id if request else None,
        )
        try:
            answer = await self._models.chat(call).ainvoke(prompt.messages)
        except ModelError as error:
            _log.warning("rewriting_failed", prompt=name, code=error.code)
            return "", None
        return str(answer.text), report_of(answer)
