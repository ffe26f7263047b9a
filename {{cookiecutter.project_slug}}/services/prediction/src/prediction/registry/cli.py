"""`python -m prediction promote` and `... rollback`."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from prediction.registry.remote import RemoteRefused, RemoteService, find_service
from prediction.settings import PredictionSettings
from servicekit.problems import Problem

if TYPE_CHECKING:
    from prediction.registry.schemas import ModelDocument

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], PredictionSettings]


def add_commands(commands: Commands, load: Load) -> None:
    """Add `promote` and `rollback`; they use the running service, or the embedded parts when none runs."""
    promote = commands.add_parser("promote", help="make a version the champion, if it beats the present one")
    promote.add_argument("model")
    promote.add_argument("--version", help="the version; without it, the challenger")
    promote.add_argument("--force", action="store_true", help="do not ask the gate; the reason is recorded")
    promote.add_argument("--reason", default="")
    rollback = commands.add_parser("rollback", help="return to the champion before")
    rollback.add_argument("model")
    rollback.add_argument("--reason", default="")
    for parser, action in ((promote, "promote"), (rollback, "rollback")):
        add_connection(parser)
        parser.set_defaults(run=lambda arguments, action=action: _run(arguments, action, load()))


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the service runs."""
    parser.add_argument("--url", help="where the service runs; by default PREDICTION_URL")
    parser.add_argument("--key", help="an API key; by default PREDICTION_KEY, or the development key")


def _run(arguments: argparse.Namespace, action: str, settings: PredictionSettings) -> int:
    body: dict[str, Any] = {"reason": arguments.reason}
    if action == "promote":
        reason = arguments.reason or ("forced on the command line" if arguments.force else "")
        body = {"version": arguments.version, "force": arguments.force, "reason": reason}
    try:
        service = find_service(settings, arguments.url, arguments.key)
        if service is None:
            sys.stdout.write("No service answers: working on the embedded registry.\n")
            document = asyncio.run(_on_embedded_parts(settings, arguments.model, action, body))
        else:
            with service:
                sys.stdout.write(f"Asking {service.url}.\n")
                document = _on_service(service, arguments.model, action, body)
    except (Problem, RemoteRefused) as refusal:
        sys.stderr.write(f"{action}: {refusal} {getattr(refusal, 'hint', None) or ''}".rstrip() + "\n")
        return 1
    except SQLAlchemyError:
        sys.stderr.write(f"{action}: the database has no tables yet; train a model first, or run `make migrate`.\n")
        return 1
    sys.stdout.write(describe(document))
    return 0


def describe(model: "ModelDocument") -> str:
    """Return who answers now, in words."""
    champion = f"version {model.champion.version}" if model.champion else "nobody"
    previous = f"; rollback would return to version {model.previous.version}" if model.previous else ""
    return f"{model.name}: {champion} answers requests now{previous}.\n"


def _on_service(service: RemoteService, model: str, action: str, body: dict[str, Any]) -> "ModelDocument":
    from prediction.registry.schemas import ModelDocument

    answer = service.promote(model, body) if action == "promote" else service.rollback(model, body)
    return ModelDocument.model_validate(answer)


async def _on_embedded_parts(
    settings: PredictionSettings, model: str, action: str, body: dict[str, Any]
) -> "ModelDocument":
    from prediction.bootstrap import worker_resources
    from prediction.registry.schemas import model_document
    from servicekit.auth.authenticator import DEVELOPMENT

    async with worker_resources(settings) as resources:
        change = resources.releases.promote if action == "promote" else resources.releases.rollback
        state = await change(DEVELOPMENT.tenant, model, actor="command line", **body)
    return model_document(state)
