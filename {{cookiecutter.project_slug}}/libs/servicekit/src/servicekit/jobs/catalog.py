"""The jobs that a service knows: their names, handlers and policies.

    catalog: JobCatalog[WorkerResources] = JobCatalog("forecasts")

    @catalog.job("training.run", attempts=3, timeout=timedelta(hours=2))
    def run_training(context: JobContext[WorkerResources], params: TrainingParams) -> TrainingResult: ...

    catalog.schedule("drift.sweep", every=timedelta(minutes=15), params=SweepParams())

A handler is a plain function, run in a thread of its own, or `async def`, run on the worker's event loop. It may run
more than once for one job (a worker can be killed at any moment), so what it writes has ids derived from the job's.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar, cast, get_type_hints

from pydantic import BaseModel

if TYPE_CHECKING:
    from servicekit.jobs.context import JobContext

R = TypeVar("R")
Result: TypeAlias = BaseModel | None
H = TypeVar("H", bound=Callable[..., object])

LONGEST_TIMEOUT = timedelta(hours=12)
"""Longer work is cut into several jobs. The broker keeps unanswered messages for longer than this."""
SYSTEM_TENANT = "system"
"""The tenant of scheduled jobs that belong to no customer."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """The wait before another attempt: it doubles from `first` up to `longest`."""

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=10)

    def after(self, attempt: int) -> timedelta:
        """Return the wait after the attempt of this number (from 1)."""
        doublings = min(attempt - 1, 32)  # more would overflow, and `longest` is reached long before
        return min(self.longest, self.first * (1 << doublings))


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """How one kind of job is treated."""

    kind: str
    params: type[BaseModel]
    queue: str
    attempts: int
    timeout: timedelta
    backoff: Backoff


@dataclass(frozen=True, slots=True)
class JobSpec(JobPolicy, Generic[R]):
    """One kind of job with its handler."""

    handler: Callable[["JobContext[R]", BaseModel], Result | Awaitable[Result]]

    @property
    def is_async(self) -> bool:
        """Whether the handler runs on the event loop."""
        return inspect.iscoroutinefunction(self.handler)


class JobKinds(Protocol):
    """What those need to know of a catalog who make jobs and do not run them."""

    def spec(self, kind: str) -> JobPolicy:
        """Return the policy of a kind; KeyError when it is not registered."""
        ...

    @property
    def queues(self) -> tuple[str, ...]:
        """The broker's names of all queues."""
        ...

    @property
    def schedules(self) -> tuple["Schedule", ...]:
        """What is made again and again."""
        ...

    def queue_name(self, queue: str) -> str:
        """Return the broker's name of a queue."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that is made once in every slot of time, however many schedulers run."""

    kind: str
    every: timedelta
    params: BaseModel
    tenant: str = SYSTEM_TENANT


@dataclass
class JobCatalog(Generic[R]):
    """All kinds of jobs of one service, whose handlers are given resources of type `R`."""

    service: str
    _specs: dict[str, JobSpec[R]] = field(default_factory=dict, init=False)
    _schedules: list[Schedule] = field(default_factory=list, init=False)

    def job(
        self,
        kind: str,
        *,
        attempts: int = 3,
        timeout: timedelta = timedelta(minutes=10),
        queue: str = "default",
        backoff: Backoff | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated function as the handler of a kind; its second parameter is the parameters' model."""
        if kind in self._specs:
            raise ValueError(f"there are two handlers of {kind}")
        if attempts < 1 or not timedelta(0) < timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"{kind} needs at least one attempt and a timeout of up to {LONGEST_TIMEOUT}")

        def register(handler: H) -> H:
            policy = (kind, _params_of(handler), queue, attempts, timeout, backoff or Backoff())
            self._specs[kind] = JobSpec(*policy, cast("Callable[[JobContext[R], BaseModel], Result]", handler))
            return handler

        return register

    def schedule(self, kind: str, *, every: timedelta, params: BaseModel, tenant: str = SYSTEM_TENANT) -> None:
        """Make a job of this kind once in every slot of `every`; slots are counted from 1970, not from the start."""
        if every < timedelta(seconds=1):
            raise ValueError(f"the schedule of {kind} must be at least a second long")
        self._schedules.append(Schedule(kind, every, params, tenant))

    def spec(self, kind: str) -> JobSpec[R]:
        """Return a kind; KeyError when it is not registered."""
        return self._specs[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._specs

    def __iter__(self) -> Iterator[JobSpec[R]]:
        return iter(self._specs.values())

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """What was registered with `schedule`; KeyError when one names an unknown kind."""
        for schedule in self._schedules:
            self.spec(schedule.kind)
        return tuple(self._schedules)

    @property
    def queues(self) -> tuple[str, ...]:
        """The broker's names of all queues: the service's name is part of them, so that services share a broker."""
        return tuple(sorted({self.queue_name(spec.queue) for spec in self}))

    def queue_name(self, queue: str) -> str:
        """Return the broker's name of a queue."""
        return f"{self.service}.{queue}"


def _params_of(handler: Callable[..., object]) -> type[BaseModel]:
    parameters = list(inspect.signature(handler).parameters.values())
    hints = get_type_hints(handler)
    model = hints.get(parameters[1].name) if len(parameters) == 2 else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{handler.__qualname__} must take (context, params) with a pydantic model as params")
    return model
