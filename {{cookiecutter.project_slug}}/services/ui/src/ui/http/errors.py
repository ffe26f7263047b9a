"""What can go wrong between these pages and a service, as three kinds that a page can explain."""

from pydantic import BaseModel


class FieldProblem(BaseModel):
    """One thing that is wrong with what was sent."""

    name: str
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457) as the services send it."""

    title: str = "Error"
    status: int = 500
    detail: str = ""
    code: str = "unknown"
    hint: str | None = None
    request_id: str | None = None
    errors: list[FieldProblem] = []


class ServiceError(Exception):
    """The service did not give what was asked for. The message is for people."""

    def __init__(self, message: str, *, code: str, hint: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.request_id = request_id


class Refused(ServiceError):
    """The service answered with a problem document."""

    def __init__(self, problem: Problem, retry_after: str | None = None) -> None:
        message = problem.detail or problem.title
        super().__init__(message, code=problem.code, hint=problem.hint, request_id=problem.request_id)
        self.status = problem.status
        self.fields = tuple(problem.errors)
        if retry_after and not self.hint:
            self.hint = f"Try again in {retry_after} seconds."


class Away(ServiceError):
    """Nobody answered in time."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"The service at {url} {reason}.", code="service_away", hint="It may be starting. Try again.")


class Unreadable(ServiceError):
    """The answer has a form that these pages do not know."""

    def __init__(self, what: str, request_id: str | None = None) -> None:
        hint = "The service and these pages may be of different versions."
        super().__init__(f"The service's answer cannot be read: {what}.", code="unreadable_answer", hint=hint)
        self.request_id = request_id


class Interrupted(ServiceError):
    """A stream ended before it was complete."""

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__("The answer broke off before it was complete.", code="interrupted", hint="Ask again.")
        self.request_id = request_id
