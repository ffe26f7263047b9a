"""A language model as judge: it sees what word counts cannot, costs money, and is not deterministic. Off by default."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from llmkit.call import Call, ModelRef, Tier
from llmkit.errors import Malformed
from rag.evaluation.cases import Case
from rag.evaluation.errors import JudgeUnavailable
from rag.evaluation.observations import Given, Verdict
from rag.retrieval.escaping import escape
from rag.retrieval.ports import ChatModels
from rag.retrieval.prompting import PromptWriter

PROMPT, PURPOSE = "rag-judge", "rag.judge"
_OUTPUT_TOKENS = 400
_OFFLINE = (
    "The offline model cannot judge: it compares words, which the metrics do already. "
    "Name another model in LLM__STRONG, or set EVALUATION__JUDGE=false."
)


class JudgeReply(BaseModel):
    """Your decision about the checked answer."""

    correct: bool = Field(description="It says what the right answer says.")
    grounded: bool = Field(description="Everything it says stands in the cited passages.")
    reason: str = Field(description="One sentence.")


class ModelJudge:
    """See `Judging`. Asks the strong tier at temperature 0."""

    def __init__(self, models: ChatModels, prompts: PromptWriter, chain: Sequence[ModelRef]) -> None:
        """Take the models of the chain that can judge; JudgeUnavailable when none can."""
        self._chain = tuple(model for model in chain if model.provider != "offline")
        if not self._chain:
            raise JudgeUnavailable(_OFFLINE)
        self._models = models
        self._prompts = prompts

    async def judge(self, tenant: str, case: Case, given: Given) -> Verdict:
        """Ask the model; raises its `ModelError`s."""
        written = self._prompts.write(
            PROMPT,
            tenant,
            question=escape(case.question),
            reference=escape(case.answer),
            answer=escape(given.text),
            cited=escape("\n\n".join(f"[{citation.marker}] {citation.spot.text}" for citation in given.citations)),
        )
        call = Call(
            tenant=tenant,
            purpose=PURPOSE,
            tier=Tier.STRONG,
            prompt=written.ref,
            models=self._chain,
            max_output_tokens=_OUTPUT_TOKENS,
            temperature=0.0,
        )
        reply = await self._models.chat(call).with_structured_output(JudgeReply).ainvoke(written.messages)
        if not isinstance(reply, JudgeReply):
            raise Malformed("The judge gave no verdict.")
        return Verdict(correct=reply.correct, grounded=reply.grounded, reason=reply.reason)
