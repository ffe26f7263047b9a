"""The session of a request."""

from collections.abc import AsyncIterator
from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.database.database import Database

SESSION_KEY = "servicekit.session"
"""Where the request's session is found in its ASGI scope."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    """Open the request's session: committed when the endpoint has returned, before the answer is sent.

    A method that is safe by HTTP's rules gets a session that cannot write.
    """
    database: Database = request.app.state.kit.database
    opened = database.reading() if request.method in SAFE_METHODS else database.session()
    async with opened as session:
        request.scope[SESSION_KEY] = session
        yield session


Session: TypeAlias = Annotated[AsyncSession, Depends(unit_of_work, scope="function")]
"""The endpoint's unit of work. Services use it and never commit."""
