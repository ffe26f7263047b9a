"""How endpoints reach the service's parts: `ServicesDep` in a signature gives the `Services` built at start.

Dependencies are coroutines even where they wait for nothing: FastAPI calls any other function in a thread.
"""

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from rag.bootstrap import Services


async def services(connection: HTTPConnection) -> Services:
    """Return what `rag.app.build_app` put together; for websockets too."""
    return cast("Services", connection.app.state.services)


ServicesDep = Annotated[Services, Depends(services)]
