"""Celery as this repository uses it: it carries ids of jobs, in at-least-once fashion, and stores nothing."""

from urllib.parse import urlsplit

from celery import Celery

from servicekit.jobs.catalog import LONGEST_TIMEOUT, JobKinds
from servicekit.settings import ServiceSettings

TASK = "servicekit.run_job"
BEAT = "servicekit.jobs.beat:BeatScheduler"
HARD_LIMIT_GRACE_SECONDS = 10
"""After its timeout a job may end by itself for so long; then its worker process is killed."""
VISIBILITY_SECONDS = 2 * LONGEST_TIMEOUT.total_seconds()
"""When Redis hands an unacknowledged message to another worker: above every timeout, for the sweeper is quicker."""
EMBEDDED = "memory"
IN_PROCESS = f"{EMBEDDED}://localhost"
"""The embedded broker's address for kombu, which warns of one without a host at every connection."""


def is_embedded(settings: ServiceSettings) -> bool:
    """Whether the worker runs in the API's process."""
    return urlsplit(settings.jobs.broker_url.get_secret_value()).scheme == EMBEDDED


def make_celery(settings: ServiceSettings, kinds: JobKinds) -> Celery:
    """Configure Celery for a process that publishes jobs or runs them."""
    broker = IN_PROCESS if is_embedded(settings) else settings.jobs.broker_url.get_secret_value()
    app = Celery(settings.service_name, broker=broker, set_as_current=False)
    app.conf.update(
        task_queues={name: {"exchange": name, "routing_key": name} for name in kinds.queues},
        task_default_queue=kinds.queue_name("default"),
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        # A message is kept until its job has ended, and comes back when a worker dies. That is a second way to the
        # same end: the claim makes a repeated delivery harmless, the sweeper makes a lost one harmless.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.jobs.concurrency,
        worker_soft_shutdown_timeout=settings.jobs.stop_seconds,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(settings),
        beat_scheduler=BEAT,
    )
    return app


def _transport_options(settings: ServiceSettings) -> dict[str, object]:
    if is_embedded(settings):
        return {"polling_interval": 0.05}
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        # Look for unacknowledged messages every ten seconds; by default that is every hundred.
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "retry_on_timeout": False,
        # One attempt to connect, then an error: whoever publishes must not wait for a broker that is away.
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    }
