"""What the edge says when it does not let a request through, or cannot give its answer."""

from servicekit.problems import BadRequest, HeaderFieldsTooLarge, PayloadTooLarge, Problem, Unavailable


class NullCharacter(BadRequest):
    """A null character in the path or query; databases cannot store it, and nobody means it."""

    code = "null_character"

    def __init__(self) -> None:
        super().__init__("The path or query contains a null character.")


class HeadTooLarge(HeaderFieldsTooLarge):
    """More header bytes than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request head is larger than {limit} bytes.", headers={"Connection": "close"})


class InvalidLength(BadRequest):
    """A Content-Length that is not a number."""

    code = "invalid_content_length"

    def __init__(self) -> None:
        super().__init__("Content-Length is not a number.", headers={"Connection": "close"})


class BodyTooLarge(PayloadTooLarge):
    """More body bytes than the route allows. The rest of the body is not read, so the connection is closed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes.", headers={"Connection": "close"})


class Overloaded(Unavailable):
    """As many requests in work as the service takes on."""

    code = "overloaded"
    hint = "Try again after the time in Retry-After, with growing pauses."

    def __init__(self) -> None:
        super().__init__("The service is working on as many requests as it can.", retry_after=1)


class DeadlineExceeded(Unavailable):
    """The answer took too long to start."""

    code = "deadline_exceeded"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"There was no answer within {seconds:g} seconds.", retry_after=1)


class ShuttingDown(Unavailable):
    """The process ends before the answer was ready."""

    code = "shutting_down"

    def __init__(self) -> None:
        super().__init__("The service is stopping.", retry_after=1)


class InternalError(Problem):
    """A defect of the service. The details are in its logs, under the request id."""

    def __init__(self) -> None:
        super().__init__("The service failed to answer.", hint="Report the request_id of this answer.")
