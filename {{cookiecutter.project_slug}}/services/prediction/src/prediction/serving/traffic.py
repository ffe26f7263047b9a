"""Which of two versions answers a request."""

from hashlib import blake2b

_WHOLE = 2.0**64


def share(salt: str, key: str) -> float:
    """Return a number from 0 up to 100 that is uniform over keys and the same in every process.

    The salt is the model, not the version: when a canary grows from 10 to 20 percent, the keys of the first 10 stay.
    """
    digest = blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _WHOLE * 100
