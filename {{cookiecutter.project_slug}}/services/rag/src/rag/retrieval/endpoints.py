"""Routes: searches."""

from typing import Annotated

from fastapi import APIRouter, Security

from rag.dependencies import ServicesDep
from rag.retrieval.errors import SearchUnavailable
from rag.retrieval.schemas import SearchAnswer, SearchRequest
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.problems import problem_responses

router = APIRouter(tags=["search"])


@router.post("/v1/search", summary="Search the documents", responses=problem_responses(SearchUnavailable))
async def search(
    body: SearchRequest, caller: Annotated[Principal, Security(require("rag:read"))], services: ServicesDep
) -> SearchAnswer:
    """Return the passages that fit best, with scores; `explain` adds what each half of the index found."""
    options = body.to_options(services.settings.retrieval, explain=body.explain)
    return SearchAnswer.of(await services.answers.retriever.search(caller.tenant, body.query, options))
