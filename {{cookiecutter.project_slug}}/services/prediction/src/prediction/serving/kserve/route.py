"""Errors in the protocol's own form."""

from collections.abc import Callable, Coroutine

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from prediction.serving.kserve.schemas import InferenceError
from servicekit.problems import Problem

Handler = Callable[[Request], Coroutine[object, object, Response]]


class InferenceRoute(APIRoute):
    """Answers `{"error": "…"}` where other routes answer problem details; status codes are the same."""

    def get_route_handler(self) -> Handler:
        """Wrap the ordinary handler."""
        handle = super().get_route_handler()

        async def handle_in_protocol(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                return _error(problem.status, _sentence(problem), problem.headers)
            except RequestValidationError as invalid:
                parts = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors()]
                return _error(422, "; ".join(parts), {})

        return handle_in_protocol


def _sentence(problem: Problem) -> str:
    parts = [f"{error.name}: {error.message}" for error in problem.errors]
    return "; ".join(parts) or " ".join(filter(None, [problem.detail, problem.hint]))


def _error(status: int, sentence: str, headers: dict[str, str]) -> Response:
    return JSONResponse(InferenceError(error=sentence).model_dump(), status, headers)
