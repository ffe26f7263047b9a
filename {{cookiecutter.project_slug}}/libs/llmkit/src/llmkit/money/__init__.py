"""Money: what tokens cost, what may be spent, and what was.

money = build_money(settings.money, database=kit.database, redis=kit.redis, registry=kit.metrics)
async with money.running(gateway.models()):
    ...
app.state.money = money     # for the routes of `llmkit.money.endpoints`
"""

from llmkit.money.factory import Money, build_money
from llmkit.money.settings import MoneySettings

__all__ = ["Money", "MoneySettings", "build_money"]
