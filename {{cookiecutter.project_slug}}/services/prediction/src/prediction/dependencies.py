"""How endpoints reach the service's parts: `ServicesDep` in a signature gives the `Services` built at start."""

from typing import Annotated, cast

from fastapi import Depends, Request

from prediction.bootstrap import Services


def services(request: Request) -> Services:
    """Return what `prediction.app.build_app` put together."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(services)]
