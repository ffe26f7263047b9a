"""Publishing to MLflow's prompt registry: every version, once, and an alias on the one that answers."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SADeprecationWarning

from llmkit.prompts.files import Prompt
from llmkit.prompts.store import PromptStore

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIAS = "production"
VERSION_TAG = "file_version"
HASH_TAG = "sha256"
_SQLITE = "sqlite:///"
_ENVIRONMENT = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}


def publish(store: PromptStore, tracking_uri: str) -> dict[str, int]:
    """Register what the registry does not have yet, and return how many versions of each prompt are new.

    The alias `production` is put on the version that answers, the heaviest where several do. Blocks.
    """
    with _quiet():
        client = _connect(tracking_uri)
        return {name: _publish_one(client, store, name) for name in store.names()}


def _publish_one(client: "MlflowClient", store: PromptStore, name: str) -> int:
    known = _known(client, name)
    new = [prompt for prompt in store.versions(name) if prompt.sha256 not in known]
    for prompt in new:
        known[prompt.sha256] = _register(client, prompt)
    chosen = store.choose(name)
    client.set_prompt_alias(name, ALIAS, known[chosen.sha256])
    return len(new)


def _known(client: "MlflowClient", name: str) -> dict[str, int]:
    """Return the registry's own numbers of the versions it has, by the hash of what they say."""
    known: dict[str, int] = {}
    if client.get_prompt(name) is None:
        return known
    token: str | None = None
    while True:
        page = client.search_prompt_versions(name, page_token=token)
        known |= {version.tags[HASH_TAG]: int(version.version) for version in page if HASH_TAG in version.tags}
        token = page.token
        if not token:
            return known


def _register(client: "MlflowClient", prompt: Prompt) -> int:
    made = client.register_prompt(
        name=prompt.ref.name,
        template=[{"role": role, "content": template} for role, template in prompt.sections],
        commit_message=f"version {prompt.ref.version} of the repository",
        tags={VERSION_TAG: prompt.ref.version, HASH_TAG: prompt.sha256},
    )
    return int(made.version)


def _connect(uri: str) -> "MlflowClient":
    from mlflow import MlflowClient  # seconds to import

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    if uri.startswith(_SQLITE):
        Path(uri.removeprefix(_SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(uri, uri)


@contextmanager
def _quiet() -> Iterator[None]:
    """Decide what MLflow takes from its environment, and keep its remarks about its own libraries out of our log."""
    os.environ.update({name: value for name, value in _ENVIRONMENT.items() if name not in os.environ})
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SADeprecationWarning)  # MLflow 3.17 on SQLAlchemy 2.1
        yield
