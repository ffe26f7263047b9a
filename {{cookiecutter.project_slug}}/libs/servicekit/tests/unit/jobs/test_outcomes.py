import asyncio
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from pydantic import BaseModel

from servicekit.jobs import (
    Backoff,
    Job,
    JobCancelled,
    JobInterrupted,
    JobLeaseLost,
    JobRefused,
    JobState,
    JobStopped,
    JobTimedOut,
    RetryLater,
)
from servicekit.jobs.catalog import JobPolicy
from servicekit.jobs.errors import WorkerStopping
from servicekit.jobs.outcomes import Ending, HandlerResult, ending_of

POLICY = JobPolicy("k", BaseModel, "q", 3, timedelta(seconds=9), Backoff(first=timedelta(seconds=4)))


class Answer(BaseModel):
    n: int


def end(result: HandlerResult, *, stop: type[JobStopped] | None = None, attempt: int = 1) -> Ending:
    return ending_of(result, stop, Job(attempt=attempt, max_attempts=3, timeout_seconds=9.0), POLICY)


def test_a_result_is_success() -> None:
    assert (end(Answer(n=7)).state, end(Answer(n=7)).result) == (JobState.SUCCEEDED, {"n": 7})
    assert end(None).result is None


def test_a_refusal_fails_at_once_with_its_own_words() -> None:
    ending = end(JobRefused("empty", "Nothing in it.", "Fill it."))
    assert ending.state is JobState.FAILED
    assert ending.failure is not None
    assert (ending.failure.code, ending.failure.detail, ending.failure.hint) == ("empty", "Nothing in it.", "Fill it.")


def test_retry_later_waits_as_asked_or_as_the_policy_says() -> None:
    assert end(RetryLater("busy", "Busy.", timedelta(seconds=60))).delay == timedelta(seconds=60)
    assert end(RetryLater("busy", "Busy."), attempt=2).delay == timedelta(seconds=8)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (ValueError("secret"), "error"),
        (SystemExit(1), "error"),
        (asyncio.CancelledError(), "error"),
        (JobTimedOut(), "timeout"),
        (SoftTimeLimitExceeded(), "timeout"),
        (RetryLater("busy", "Busy."), "busy"),
    ],
)
def test_other_ends_are_retried_until_the_attempts_are_used(result: BaseException, code: str) -> None:
    first, last = end(result), end(result, attempt=3)
    assert (first.name, first.state, first.counts) == ("retried", JobState.QUEUED, True)
    assert (last.name, last.state) == ("dead_letter", JobState.DEAD_LETTER)
    assert last.failure is not None
    assert last.failure.code == code
    assert "secret" not in last.failure.detail


@pytest.mark.parametrize("result", [JobInterrupted(), WorkerStopping()])
def test_an_interrupted_attempt_does_not_count_even_if_it_is_the_last(result: BaseException) -> None:
    ending = end(result, attempt=3)
    assert (ending.name, ending.state, ending.counts) == ("interrupted", JobState.QUEUED, False)


def test_a_cancelled_job_ends_and_a_lost_one_is_not_written() -> None:
    assert end(JobCancelled()).state is JobState.CANCELLED
    assert end(JobLeaseLost()).state is None


def test_the_reason_to_stop_explains_whatever_the_handler_raised_because_of_it() -> None:
    assert end(asyncio.CancelledError(), stop=JobTimedOut).failure == end(JobTimedOut()).failure
    assert end(RuntimeError("pool is closed"), stop=JobCancelled).state is JobState.CANCELLED


def test_a_handler_that_finishes_although_it_was_to_stop_has_succeeded() -> None:
    assert end(Answer(n=1), stop=JobCancelled).state is JobState.SUCCEEDED
