"""What Prometheus is told about money."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from llmkit.money.ports import DayState
from llmkit.ports import LedgerEntry

MAX_TENANTS = 100
"""Tenants with gauges of their own: those that have used the largest shares of their budgets."""


@dataclass(frozen=True, slots=True)
class _Shares:
    spent: float
    reserved: float


class MoneyMetrics(Collector):
    """Counters of this process, and each tenant's budget of the day as it was last seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._spent = Counter(
            "llm_spent_usd_total", "Dollars spent on models", ["provider", "model", "purpose"], registry=registry
        )
        self._refused = Counter(
            "llm_budget_refused_total", "Calls that were not sent because of money", ["limit"], registry=registry
        )
        for limit in ("tenant_day", "request", "stopped"):
            self._refused.labels(limit)
        self._alerts = Counter(
            "llm_budget_alerts_total", "Tenants and days that reached the alert's share", registry=registry
        )
        self._stopped = Gauge("llm_models_stopped", "Whether the stop switch is on", registry=registry)
        self._up = Gauge(
            "llm_budget_storage_up",
            "Whether budgets are counted where they should be, not in the stand-in",
            registry=registry,
        )
        self._up.set(1)
        self._day = date.min
        self._shares: dict[str, _Shares] = {}
        registry.register(self)

    def booked(self, entry: LedgerEntry) -> None:
        """Count what a call cost."""
        self._spent.labels(entry.model.provider, entry.model.name, entry.purpose).inc(float(entry.cost_usd))

    def refused(self, limit: str) -> None:
        """Count a refusal by what refused: `tenant_day`, `request` or `stopped`."""
        self._refused.labels(limit).inc()

    def alerted(self) -> None:
        """Count an alert."""
        self._alerts.inc()

    def stopped(self, on: bool) -> None:
        """Note the stop switch."""
        self._stopped.set(on)

    def storage_up(self, works: bool) -> None:
        """Note whether Redis counts, where there is one."""
        self._up.set(works)

    def show(self, tenant: str, day: date, state: DayState, limit: Decimal) -> None:
        """Note a tenant's budget of a day; a new day forgets the one before."""
        if day > self._day:
            self._day = day
            self._shares.clear()
        if day == self._day:
            divisor = float(limit) or 1.0
            self._shares[tenant] = _Shares(float(state.spent) / divisor, float(state.reserved) / divisor)
        if len(self._shares) > 2 * MAX_TENANTS:
            self._shares = dict(self._largest())

    def tenants(self, day: date) -> list[str]:
        """Return the tenants whose gauges are shown."""
        return list(self._shares) if day == self._day else []

    def collect(self) -> Iterator[Metric]:
        """Return the gauges of this moment."""
        spent = GaugeMetricFamily(
            "llm_budget_spent_ratio", "Spent share of a tenant's budget of the day", labels=["tenant"]
        )
        reserved = GaugeMetricFamily(
            "llm_budget_reserved_ratio", "Share of a tenant's budget of the day that is set aside", labels=["tenant"]
        )
        for tenant, shares in self._largest():
            spent.add_metric([tenant], shares.spent)
            reserved.add_metric([tenant], shares.reserved)
        yield from (spent, reserved)

    def _largest(self) -> list[tuple[str, _Shares]]:
        return sorted(self._shares.items(), key=lambda item: -item[1].spent)[:MAX_TENANTS]


class LedgerMetrics:
    """How the ledger gets on with its database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queued = Gauge("llm_ledger_queued", "Calls whose usage the database does not have yet", registry=registry)
        self.failures = Counter("llm_ledger_failures_total", "Attempts to write usage that failed", registry=registry)
        self.lost = Counter(
            "llm_ledger_lost_total", "Calls whose usage could not be kept", ["reason"], registry=registry
        )
        for reason in ("full", "refused", "shutdown"):
            self.lost.labels(reason)
