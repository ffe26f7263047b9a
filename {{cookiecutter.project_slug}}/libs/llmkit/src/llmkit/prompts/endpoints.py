"""Routes: which prompts there are, which versions answer, and the switch between them.

The application keeps its `PromptAliases` in `app.state.prompts`.
"""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Security

from llmkit.prompts.aliases import PromptAliases
from llmkit.prompts.errors import PromptNotFound
from llmkit.prompts.schemas import PromptDocument, PromptList, SwitchRequest
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.problems import problem_responses


async def prompts_of(request: Request) -> PromptAliases:
    """Return the application's prompts."""
    return cast("PromptAliases", request.app.state.prompts)


PromptsDep = Annotated[PromptAliases, Depends(prompts_of)]


def make_router(*, read: str, write: str) -> APIRouter:
    """Make the routes with the service's own scopes."""
    router = APIRouter(prefix="/v1/prompts", tags=["prompts"])
    reader, writer = Security(require(read)), Security(require(write))

    @router.get("", summary="List prompts")
    async def list_prompts(prompts: PromptsDep, _: Annotated[Principal, reader]) -> PromptList:
        """Return all prompts, their versions, and which of them answer."""
        store = prompts.store
        return PromptList(items=[PromptDocument.of(store, name) for name in store.names()])

    @router.get("/{name}", summary="Look at a prompt", responses=problem_responses(PromptNotFound))
    async def read_prompt(name: str, prompts: PromptsDep, _: Annotated[Principal, reader]) -> PromptDocument:
        """Return a prompt's versions, and which of them answer."""
        return PromptDocument.of(prompts.store, name)

    @router.put("/{name}", summary="Switch versions", responses=problem_responses(PromptNotFound))
    async def switch_prompt(
        name: str, body: SwitchRequest, prompts: PromptsDep, caller: Annotated[Principal, writer]
    ) -> PromptDocument:
        """Let other versions answer, without a deployment: all processes follow within seconds."""
        await prompts.switch(name, body.weights, actor=caller.subject)
        return PromptDocument.of(prompts.store, name)

    return router
