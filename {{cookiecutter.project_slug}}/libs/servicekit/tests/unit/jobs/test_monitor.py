import threading
from pathlib import Path
from uuid import uuid4

import pytest
from celery import Celery
from celery.worker import state

from servicekit.jobs.monitor import OutcomePipe, Watch
from servicekit.jobs.outcomes import Outcome
from servicekit.pulse import Pulse


def test_outcomes_pass_through_the_pipe() -> None:
    pipe, received, done = OutcomePipe(), [], threading.Event()

    def receive(outcome: Outcome) -> None:
        received.append(outcome)
        if len(received) == 2:
            done.set()

    pipe.listen(receive)
    pipe.send(Outcome("a.b", "succeeded", 1.5))
    pipe.send(Outcome("a.b", "failed", 0.1))
    assert done.wait(5)
    assert received == [Outcome("a.b", "succeeded", 1.5), Outcome("a.b", "failed", 0.1)]


def test_a_full_pipe_does_not_stop_the_work() -> None:
    pipe = OutcomePipe()
    for _ in range(5000):
        pipe.send(Outcome("a.b", "succeeded", 1.5))


class Task:
    """Stands for a task at work: Celery only counts them."""


class TestWatch:
    @pytest.fixture
    def queue(self) -> str:
        return f"queue-{uuid4().hex}"

    @pytest.fixture
    def app(self) -> Celery:
        return Celery(broker="memory://", set_as_current=False)

    @pytest.fixture
    def pulse(self, tmp_path: Path) -> Pulse:
        return Pulse("service", "worker", tmp_path)

    @pytest.fixture(autouse=True)
    def idle(self) -> None:
        state.reset_state()

    def beats(self, watch: Watch, pulse: Pulse) -> bool:
        pulse.path.unlink(missing_ok=True)
        watch.look()
        return pulse.age() is not None

    def test_a_worker_without_messages_is_well(self, app: Celery, pulse: Pulse, queue: str) -> None:
        watch = Watch(app, [queue], pulse, slots=1)
        assert [self.beats(watch, pulse) for _ in range(3)] == [True] * 3

    def test_an_idle_worker_that_takes_no_message_is_not(self, app: Celery, pulse: Pulse, queue: str) -> None:
        watch = Watch(app, [queue], pulse, slots=1)
        app.send_task("anything", queue=queue)
        assert [self.beats(watch, pulse) for _ in range(3)] == [True, False, False]
        state.total_count["anything"] += 1
        assert self.beats(watch, pulse)

    def test_a_busy_worker_need_not_take_messages(self, app: Celery, pulse: Pulse, queue: str) -> None:
        watch = Watch(app, [queue], pulse, slots=1)
        app.send_task("anything", queue=queue)
        watch.look()
        request = Task()
        state.active_requests.add(request)
        assert self.beats(watch, pulse)
        state.active_requests.discard(request)
        assert not self.beats(watch, pulse)

    def test_a_broker_that_is_away_says_nothing_about_the_worker(self, pulse: Pulse, queue: str) -> None:
        away = Celery(broker="redis://127.0.0.1:1/0", set_as_current=False)
        away.conf.broker_transport_options = {"max_retries": 0, "interval_start": 0, "socket_connect_timeout": 1}
        watch = Watch(away, [queue], pulse, slots=1)
        assert [self.beats(watch, pulse) for _ in range(2)] == [True, True]
