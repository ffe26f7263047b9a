"""Requests that may be repeated: `Idempotency-Key` on routes that create work. See `route`."""

from servicekit.idempotency.errors import IdempotencyKeyInUse, IdempotencyKeyReused, MalformedIdempotencyKey
from servicekit.idempotency.route import IdempotentRoute

__all__ = ["IdempotencyKeyInUse", "IdempotencyKeyReused", "IdempotentRoute", "MalformedIdempotencyKey"]
