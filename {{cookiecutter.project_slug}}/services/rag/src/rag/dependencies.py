"""How endpoints reach the service's parts: `ServicesDep` in a signature gives the `Services` built at start."""

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from rag.bootstrap import Services


def services(connection: HTTPConnection) -> Services:
    """Return what `rag.app.build_app` put together; for websockets too."""
    return cast("Services", connection.app.state.services)


ServicesDep = Annotated[Services, Depends(services)]
