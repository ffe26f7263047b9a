"""What tokens cost: the operator's file first, then the list that `genai-prices` carries. Nothing is downloaded."""

from collections.abc import Iterable
from decimal import Decimal

import structlog

from llmkit.call import ModelRef, TokenUsage
from llmkit.errors import UnknownPrice
from llmkit.money.price_file import TokenPrice, find_price, read_price_file
from llmkit.money.settings import MoneySettings

OFFLINE = "offline"
"""The provider of the model in this process, which costs nothing."""
HINT = (
    "Add the model to MONEY__PRICES_FILE; or name its provider in MONEY__FREE_PROVIDERS if it is your own server; "
    "or set MONEY__UNKNOWN_PRICE=charge."
)
_ONE_TOKEN = TokenUsage(input=1, output=1)
_log = structlog.get_logger(__name__)


class ListedPrices:
    """See `PriceList`. The first look into the list takes a second or two; `preload` does it beforehand."""

    def __init__(self, settings: MoneySettings) -> None:
        self._stated = read_price_file(settings.prices_file) if settings.prices_file else {}
        self._free = {OFFLINE, *settings.free_providers}
        self._fallback = (
            TokenPrice(settings.fallback_input, settings.fallback_output)
            if settings.unknown_price == "charge"
            else None
        )

    def cost(self, model: ModelRef, usage: TokenUsage) -> Decimal:
        """Return the price in dollars; UnknownPrice when nobody knows it and the settings refuse to guess."""
        cost = self._known(model, usage)
        if cost is not None:
            return cost
        if self._fallback is None:
            raise UnknownPrice(f"The price of {model} is not known.", hint=HINT)
        return self._fallback.cost(usage)

    def preload(self, models: Iterable[ModelRef]) -> None:
        """Look these models up once, and log those without a price. Blocks for as long as the list takes to load."""
        for model in models:
            if self._known(model, _ONE_TOKEN) is None:
                treatment = "refused" if self._fallback is None else "charged at the fallback price"
                _log.warning("model_price_unknown", model=str(model), treatment=treatment)

    def _known(self, model: ModelRef, usage: TokenUsage) -> Decimal | None:
        stated = find_price(self._stated, model)
        if stated is not None:
            return stated.cost(usage)
        if model.provider in self._free:
            return Decimal(0)
        return _listed(model, usage)


def _listed(model: ModelRef, usage: TokenUsage) -> Decimal | None:
    from genai_prices import Usage, calc_price  # a second to import, and not needed offline

    cached = min(usage.cached_input, usage.input)
    tokens = Usage(input_tokens=usage.input, cache_read_tokens=cached, output_tokens=usage.output)
    try:
        found = calc_price(tokens, model.name, provider_id=model.provider)
    except (LookupError, ValueError):
        return None
    if found.model_price.input_mtok is None:  # listed, but by something else than tokens
        return None
    return found.total_price
