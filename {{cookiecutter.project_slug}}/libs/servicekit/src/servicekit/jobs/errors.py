"""How a handler says what has happened, and what it is told."""

from datetime import timedelta


class JobRefused(Exception):
    """The work cannot be done as asked: the job fails at once, without another attempt."""

    def __init__(self, code: str, detail: str, hint: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint


class RetryLater(Exception):
    """The work cannot be done now: the job is tried again after a delay, until its attempts are used."""

    def __init__(self, code: str, detail: str, delay: timedelta | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.delay = delay


class JobStopped(Exception):
    """The handler must end now; `context.check()` and `context.progress()` raise one of the kinds below."""


class JobCancelled(JobStopped):
    """Somebody has cancelled the job."""


class JobTimedOut(JobStopped):
    """The attempt has run for longer than the job's timeout."""


class JobLeaseLost(JobStopped):
    """The job was given to another worker; what this one goes on to do is thrown away."""


class JobInterrupted(JobStopped):
    """The worker is stopping; the job goes back to the queue and this attempt does not count."""


class WorkerStopping(BaseException):
    """Raised inside a plain handler whose process was told to end; no handler catches it by accident."""
