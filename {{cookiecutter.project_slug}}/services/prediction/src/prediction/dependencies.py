"""How endpoints reach the service's parts: `ServicesDep` in a signature gives the `Services` built at start.

Dependencies are coroutines even where they wait for nothing: FastAPI calls any other function in a thread.
"""

from typing import Annotated, cast

from fastapi import Depends, Request

from prediction.bootstrap import Services


async def services(request: Request) -> Services:
    """Return what `prediction.app.build_app` put together."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(services)]
