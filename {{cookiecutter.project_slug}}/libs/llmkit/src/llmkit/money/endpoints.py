"""Routes: what was used and what it cost, and the switch that stops every model.

The application keeps its `Money` in `app.state.money`.
"""

import re
from datetime import date
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request, Security
from pydantic import BeforeValidator

from llmkit.money.factory import Money
from llmkit.money.repository import GROUPINGS, Grouping, summarise
from llmkit.money.schemas import BudgetState, StopDocument, StopRequest, UsageReport, UsageRow
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import utc_now

ALL_TENANTS = "usage:all"
"""What a key needs to see the usage of other tenants."""
FLUSH_SECONDS = 1.0
"""Patience with this process's own calls that are not written yet."""
DEFAULT_DAYS = 30
_NAMES = "|".join(GROUPINGS)


async def money_of(request: Request) -> Money:
    """Return the application's money."""
    return cast("Money", request.app.state.money)


def _only_dates(value: object) -> object:
    """Refuse what pydantic would take for seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("must be a day such as 2026-11-20")
    return value


router = APIRouter(tags=["usage"])
MoneyDep = Annotated[Money, Depends(money_of)]
Reader = Annotated[Principal, Security(require("usage:read"))]
Writer = Annotated[Principal, Security(require("usage:write"))]
Day = Annotated[date, BeforeValidator(_only_dates)]
By = Annotated[
    str,
    Query(pattern=rf"^({_NAMES})(,({_NAMES}))*$", description="Groups, with commas between: " + ", ".join(GROUPINGS)),
]


@router.get("/v1/usage", summary="What was used and what it cost")
async def read_usage(
    caller: Reader,
    money: MoneyDep,
    since: Annotated[Day | None, Query(description="First day, by UTC; 30 days before the last when left out")] = None,
    until: Annotated[Day | None, Query(description="Last day, by UTC; today when left out")] = None,
    by: By = "day",
) -> UsageReport:
    """Return usage of the caller's tenant, or of all tenants to a key with the scope `usage:all`."""
    last = until or utc_now().date()
    first = since or date.fromordinal(max(1, last.toordinal() - DEFAULT_DAYS))
    groups = cast("list[Grouping]", list(dict.fromkeys(by.split(","))))
    tenant = None if caller.may(ALL_TENANTS) else caller.tenant
    await money.ledger.flush(FLUSH_SECONDS)
    async with money.database.reading() as session:
        found = await summarise(session, since=first, until=last, by=groups, tenant=tenant)
        [total] = await summarise(session, since=first, until=last, by=(), tenant=tenant)
    return UsageReport(
        since=first,
        until=last,
        by=list(groups),
        items=[UsageRow.model_validate(group) for group in found],
        total=UsageRow.model_validate(total),
        budget=await _budget(money, caller.tenant),
    )


@router.get("/v1/models/stop", summary="Whether all models are switched off")
async def read_stop(_: Reader, money: MoneyDep) -> StopDocument:
    """Return the position of the switch, why, and since when."""
    return StopDocument.of(await money.stop.refresh())


@router.put("/v1/models/stop", summary="Switch all models off or on")
async def turn_stop(body: StopRequest, caller: Writer, money: MoneyDep) -> StopDocument:
    """Refuse every call to a model, of all tenants, in all processes within seconds; or allow them again."""
    state = await money.stop.turn(stopped=body.stopped, reason=body.reason, actor=caller.subject, tenant=caller.tenant)
    return StopDocument.of(state)


async def _budget(money: Money, tenant: str) -> BudgetState:
    day, state, limit = await money.budget.state(tenant)
    return BudgetState(day=day, limit_usd=limit, spent_usd=state.spent, reserved_usd=state.reserved)
