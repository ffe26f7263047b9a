"""What can be wrong with an Idempotency-Key."""

from servicekit.problems import BadRequest, Conflict, UnprocessableContent


class MalformedIdempotencyKey(BadRequest):
    """The header's value cannot be a key."""

    code = "idempotency_key_malformed"
    hint = "Use 1 to 255 visible ASCII characters, for example a new UUID for each piece of work."


class IdempotencyKeyInUse(Conflict):
    """The first request with this key is not answered yet."""

    code = "idempotency_key_in_use"
    hint = "Send the same request again after a moment; it will get the first one's answer."


class IdempotencyKeyReused(UnprocessableContent):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    hint = "Use a new key for each piece of work."
