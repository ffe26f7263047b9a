"""Money counted in Redis: one hash per tenant and day, changed by scripts that run as one step.

The fields are `spent` and `reserved` in units (see `amounts`), and `r:<id>` = `<expiry in ms>:<units>` for each open
reservation. Redis may forget: a day that it does not know is opened with what the database says was spent.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias, cast

from redis.asyncio import Redis

from llmkit.money.amounts import from_units, to_units
from llmkit.money.ports import Claim, DayState, Decision
from servicekit.database import utc_now

KEPT_SECONDS = 2 * 24 * 3600
"""A day's hash outlives its day, for the calls that end after midnight."""
UNKNOWN = -1
_MAX_KNOWN = 100_000

SpentBefore: TypeAlias = Callable[[str, date], Awaitable[Decimal]]

_TOTALS = "redis.call('HGET', KEYS[1], 'spent'), redis.call('HGET', KEYS[1], 'reserved') or '0'"

RESERVE = f"""
local function count(field) return tonumber(redis.call('HGET', KEYS[1], field) or '0') end
local function fits() return count('spent') + count('reserved') + tonumber(ARGV[2]) <= tonumber(ARGV[4]) end
if redis.call('HEXISTS', KEYS[1], 'spent') == 0 then return {{{UNKNOWN}, '0', '0'}} end
if not fits() then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local expires, units = string.match(all[i + 1], '^(%d+):(%d+)$')
    if expires and tonumber(expires) <= tonumber(ARGV[5]) then
      redis.call('HDEL', KEYS[1], all[i])
      redis.call('HINCRBY', KEYS[1], 'reserved', '-' .. units)
    end
  end
end
local granted = 0
if fits() then
  granted = 1
  redis.call('HINCRBY', KEYS[1], 'reserved', ARGV[2])
  redis.call('HSET', KEYS[1], 'r:' .. ARGV[1], ARGV[3] .. ':' .. ARGV[2])
end
return {{granted, {_TOTALS}}}
"""

SETTLE = f"""
if redis.call('HEXISTS', KEYS[1], 'spent') == 0 then return {{{UNKNOWN}, '0', '0'}} end
local entry = redis.call('HGET', KEYS[1], 'r:' .. ARGV[1])
if entry then
  redis.call('HDEL', KEYS[1], 'r:' .. ARGV[1])
  redis.call('HINCRBY', KEYS[1], 'reserved', '-' .. string.match(entry, ':(%d+)$'))
end
redis.call('HINCRBY', KEYS[1], 'spent', ARGV[2])
return {{1, {_TOTALS}}}
"""

OPEN = """
local spent = redis.call('HGET', KEYS[1], 'spent')
if not spent or tonumber(spent) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'spent', ARGV[1]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


class RedisBudgetStore:
    """Counts reservations and costs. Alerts and sweeping are the database's (`SharedBudgetStore`)."""

    def __init__(self, redis: Redis, spent_before: SpentBefore, *, now: Callable[[], datetime] = utc_now) -> None:
        self._spent_before = spent_before
        self._now = now
        self._reserve = redis.register_script(RESERVE)
        self._settle = redis.register_script(SETTLE)
        self._open = redis.register_script(OPEN)
        self._redis = redis
        self._known: set[tuple[str, date]] = set()

    def forget(self) -> None:
        """Compare with the database again before the next use: Redis was away and has missed costs."""
        self._known.clear()

    async def reserve(self, claim: Claim, limit: Decimal) -> Decision:
        """Set the amount aside if it fits."""
        now = int(self._now().timestamp() * 1000)
        expires = int(claim.expires_at.timestamp() * 1000)
        amount = to_units(claim.amount, up=True)
        granted, state = await self._run(self._reserve, claim, str(claim.id), amount, expires, to_units(limit), now)
        return Decision(granted == 1, state)

    async def settle(self, claim: Claim, cost: Decimal) -> DayState:
        """Book the cost and free the claim."""
        return (await self._run(self._settle, claim, str(claim.id), to_units(cost)))[1]

    async def state(self, tenant: str, day: date) -> DayState:
        """Return what is counted."""
        fields = await cast(
            "Awaitable[list[bytes | None]]", self._redis.hmget(_key(tenant, day), ["spent", "reserved"])
        )
        spent, reserved = (from_units(int(field or 0)) for field in fields)
        return DayState(spent, reserved)

    async def _run(self, script: Any, claim: Claim, *arguments: object) -> tuple[int, DayState]:  # noqa: ANN401 - redis-py's types of scripts differ between clients
        """Run a script; open the day and run it again when Redis does not know the day."""
        day = (claim.tenant, claim.day)
        if day not in self._known:
            await self._open_day(*day)
        outcome, state = _read(await script(keys=[_key(*day)], args=arguments))
        if outcome == UNKNOWN:
            await self._open_day(*day)
            outcome, state = _read(await script(keys=[_key(*day)], args=arguments))
        return outcome, state

    async def _open_day(self, tenant: str, day: date) -> None:
        spent = to_units(await self._spent_before(tenant, day))
        await self._open(keys=[_key(tenant, day)], args=[spent, KEPT_SECONDS])
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known.add((tenant, day))


def _key(tenant: str, day: date) -> str:
    return f"llm:budget:{day.isoformat()}:{tenant}"


def _read(reply: tuple[int, bytes, bytes]) -> tuple[int, DayState]:
    outcome, spent, reserved = reply
    return int(outcome), DayState(from_units(int(spent)), from_units(int(reserved)))
