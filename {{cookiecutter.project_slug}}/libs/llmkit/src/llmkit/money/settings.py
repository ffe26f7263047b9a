"""Settings of money: prices, budgets, the ledger."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from llmkit.money.amounts import MAX_USD
from llmkit.money.price_file import read_price_file
from servicekit.settings import Group


def _split(value: object) -> object:
    """Read `a,b`."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _amounts(value: object) -> object:
    """Read `acme=50,globex=2.5`."""
    if not isinstance(value, str):
        return value
    read: dict[str, Decimal] = {}
    for part in filter(None, map(str.strip, value.split(","))):
        tenant, _, amount = part.rpartition("=")
        try:
            read[tenant.strip()] = Decimal(amount)
        except InvalidOperation:
            tenant = ""
        if not tenant:
            raise ValueError(f"{part!r} is not tenant=dollars")
    return read


Dollars = Annotated[Decimal, Field(ge=0, le=MAX_USD)]
PerMillion = Annotated[Decimal, Field(ge=0, le=MAX_USD)]


class MoneySettings(Group):
    """What models cost and what may be spent on them."""

    prices_file: Path | None = Field(
        None, description="TOML or JSON file of prices that win over the listed ones, by provider:model"
    )
    free_providers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Providers whose tokens cost nothing because they are servers of one's own: openai,anthropic"
    )
    unknown_price: Literal["refuse", "charge"] = Field(
        "refuse", description="A model without a known price: refuse it, or charge the fallback price"
    )
    fallback_input: PerMillion = Field(Decimal(15), description="Fallback price: dollars per million input tokens")
    fallback_output: PerMillion = Field(Decimal(75), description="Fallback price: dollars per million output tokens")
    tenant_daily_usd: Dollars = Field(Decimal(10), description="Dollars that a tenant may spend in a day, by UTC")
    tenant_limits: Annotated[Mapping[str, Dollars], NoDecode, BeforeValidator(_amounts)] = Field(
        {}, description="Other daily dollars for some tenants: acme=50,globex=2.5"
    )
    request_usd: Dollars = Field(Decimal(1), description="Dollars that one request may spend, over all its calls")
    alert_share: float = Field(0.8, gt=0, le=1, description="Share of a day's budget from which an alert is given")
    reservation_seconds: float = Field(
        600, gt=0, description="When money set aside by a process that died is free again; above the longest call"
    )
    flush_seconds: float = Field(10, ge=0, description="On shutdown: how long usage is still written to the database")
    retention_days: int = Field(400, ge=2, description="Age at which the usage ledger is deleted")

    @model_validator(mode="after")
    def _prices_are_readable(self) -> Self:
        if self.prices_file is not None:
            read_price_file(self.prices_file)
        return self

    def daily_limit(self, tenant: str) -> Decimal:
        """Return what a tenant may spend in a day."""
        return self.tenant_limits.get(tenant, self.tenant_daily_usd)
