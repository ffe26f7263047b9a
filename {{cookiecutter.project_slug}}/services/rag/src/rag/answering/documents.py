"""The answer as callers see it, put together from what is known at the end."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import JsonValue

from rag.answering.composing import Draft
from rag.answering.schemas import Answer, AnswerMeta, CitationDocument, PromptDocument, TokensDocument, WithheldDocument
from rag.answering.work import Work
from rag.retrieval.schemas import PassageDocument
from servicekit.context import current_request
from servicekit.database import utc_now


def answer_document(
    work: Work, draft: Draft, *, abstained: bool = False, data: Mapping[str, JsonValue] | None = None
) -> Answer:
    """Return the answer to a question."""
    question, found = work.question, work.found
    citations = [
        CitationDocument(
            marker=citation.marker,
            document_id=citation.passage.document_id,
            document_name=citation.passage.document_name,
            page=citation.quote.page,
            quote=citation.quote.text,
            ordinal=citation.quote.ordinal,
        )
        for citation in draft.citations
    ]
    stages = {f"retrieve.{name}": spent for name, spent in found.timings_ms.items() if name != "total"}
    return Answer(
        id=question.id,
        conversation_id=question.conversation_id,
        question=question.text,
        standalone_question=found.query,
        answer=draft.text,
        abstained=abstained,
        support=draft.support,
        citations=citations,
        removed_citations=draft.removed,
        data=dict(data) if data is not None else None,
        sources=[PassageDocument.of(passage) for passage in work.passages],
        withheld=[WithheldDocument.of(each) for each in work.packed.withheld],
        meta=_meta(work, stages | work.timings.to_dict()),
        created_at=utc_now(),
    )


def _meta(work: Work, timings: Mapping[str, float]) -> AnswerMeta:
    """Add up all calls; model, cache and attempts are those of the last one, which answered."""
    prompt, reports = work.prompt, work.reports
    answering = reports[-1] if prompt is not None and reports else {}
    request = current_request()
    tokens = [usage for report in reports if isinstance(usage := report.get("tokens"), Mapping)]
    return AnswerMeta.model_validate(
        {
            "model": answering.get("model"),
            "provider": answering.get("provider"),
            "prompt": PromptDocument(name=prompt.name, version=prompt.version) if prompt else None,
            "tokens": TokensDocument(
                input=sum(int(usage.get("input", 0)) for usage in tokens),
                output=sum(int(usage.get("output", 0)) for usage in tokens),
                estimated=any(usage.get("estimated") for usage in tokens),
            ),
            "cost_usd": format(sum((Decimal(str(report.get("cost_usd", 0))) for report in reports), Decimal()), "f"),
            "cache": answering.get("cache"),
            "timings_ms": timings,
            "trace_id": request.trace_id if request else None,
            "request_id": request.request_id if request else None,
            "attempts": answering.get("attempts", 0),
            "fell_back_from": answering.get("fell_back_from", []),
        }
    )
