"""The small family of errors that every provider's faults become.

`retryable` says whether the same request may be sent to the same model again, `fall_back` whether another model may
answer instead. Each is also a `Problem`, so an endpoint that lets one pass answers with a document, never with a 500.
"""

from typing import ClassVar

from servicekit.problems import Problem


class ModelError(Problem):
    """A language model gave no usable answer."""

    status = 502
    code = "model_failed"
    retryable: ClassVar[bool] = False
    fall_back: ClassVar[bool] = True


class RateLimited(ModelError):
    """The provider takes no more requests from us for now."""

    status = 503
    code = "model_rate_limited"
    retryable = True


class Overloaded(ModelError):
    """The provider fails or is overloaded (its 5xx), cannot be reached, or its circuit is open."""

    status = 503
    code = "model_overloaded"
    retryable = True


class TimedOut(ModelError):
    """The answer did not come, or stalled, within the time."""

    status = 504
    code = "model_timed_out"
    retryable = True


class AuthenticationFailed(ModelError):
    """The provider refuses our key."""

    status = 503
    code = "model_authentication_failed"
    hint = "The operator has to set a valid key of the provider."


class ContextTooLong(ModelError):
    """The request holds more tokens than the model takes."""

    status = 422
    code = "model_context_too_long"


class ContentFiltered(ModelError):
    """The provider's filter stopped the request or the answer."""

    status = 422
    code = "model_content_filtered"
    fall_back = False


class Refused(ModelError):
    """The model declined to answer, or the provider finds the request invalid."""

    status = 422
    code = "model_refused"
    fall_back = False


class Truncated(ModelError):
    """The answer ended before it was complete: no finish reason, a dropped stream, or the limit of tokens."""

    code = "model_answer_truncated"
    retryable = True


class OutputLimitReached(Truncated):
    """The answer is longer than the call allows: the same question would be cut again, by any model."""

    hint = "Allow more output tokens, or ask for less."
    retryable = False
    fall_back = False


class Malformed(ModelError):
    """The answer cannot be understood: a corrupt chunk, broken tool arguments, or nothing at all."""

    code = "model_answer_malformed"
    retryable = True


class BudgetExceeded(ModelError):
    """The tenant or the request may not spend more."""

    status = 429
    code = "budget_exceeded"
    hint = "Wait until the budget is renewed, or ask the operator for a larger one."
    fall_back = False


class UnknownPrice(ModelError):
    """Nobody knows what the model costs, and the settings refuse to guess."""

    status = 503
    code = "model_price_unknown"
    hint = "Add the model to the price file, or set MONEY__UNKNOWN_PRICE=charge."


class ModelsStopped(ModelError):
    """The operator has switched all models off."""

    status = 503
    code = "models_stopped"
    fall_back = False
