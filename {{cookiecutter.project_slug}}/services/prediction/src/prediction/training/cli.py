"""`python -m prediction train`. What trains is imported only when it is needed, so that `--help` comes at once."""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pydantic import TypeAdapter, ValidationError

from prediction.registry.cli import add_connection
from prediction.registry.remote import RemoteRefused, RemoteService, find_service
from prediction.settings import PredictionSettings
from prediction.training.options import ClassWeight, EstimatorName, NewModelName, TaskChoice, TrainingOptions
from servicekit.jobs import JobRefused, RetryLater

if TYPE_CHECKING:
    from prediction.training.schemas import TrainingResult

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], PredictionSettings]


def add_commands(commands: Commands, load: Load) -> None:
    """Add `train`; it uses the running service, or trains in this process when none runs."""
    parser = commands.add_parser("train", help="train a model on a CSV or Parquet file")
    parser.add_argument("--data", required=True, type=Path, help="a CSV or Parquet file")
    parser.add_argument("--target", required=True, help="the column to predict")
    parser.add_argument("--model", help="the model's name; by default made from the file's")
    _add_options(parser)
    add_connection(parser)
    parser.set_defaults(run=lambda arguments: run(arguments, load()))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--task", choices=[choice.value for choice in TaskChoice], help="by default seen from the target"
    )
    names = [name.value for name in EstimatorName]
    parser.add_argument("--estimators", nargs="+", choices=names, help="compare only these families")
    parser.add_argument("--no-calibration", dest="calibrate", action="store_false", default=None)
    parser.add_argument("--class-weight", choices=[weight.value for weight in ClassWeight])
    parser.add_argument("--test-fraction", type=float, help="share of the rows that are held out (0.2)")
    parser.add_argument("--folds", type=int, help="parts of the cross-validation (5)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--time-column", help="orders the rows; the newest are held out")
    parser.add_argument("--in-order", action="store_true", default=None, help="rows are in the order of time already")
    parser.add_argument("--exclude", nargs="+", help="columns that must not be features")
    parser.add_argument("--keep-leaking", action="store_true", default=None)
    parser.add_argument("--max-rows", type=int, help="sample down to this many rows")
    parser.add_argument("--time-limit-seconds", type=float, help="of the comparison of models")
    parser.add_argument("--promote", action="store_true", default=None, help="ask the gate at once")


def run(arguments: argparse.Namespace, settings: PredictionSettings) -> int:
    """Train, and print what came of it."""
    try:
        options = _options(arguments)
        model = TypeAdapter(NewModelName).validate_python(arguments.model or model_name(arguments.data))
    except ValidationError as error:
        return _refuse("; ".join(f"{_place(fault['loc'])}{fault['msg']}" for fault in error.errors()))
    if not arguments.data.is_file():
        return _refuse(f"There is no file {arguments.data}.")
    line = ProgressLine()
    try:
        result = _train(arguments, settings, model, options, line)
    except (JobRefused, RemoteRefused, RetryLater) as refusal:
        line.end()
        return _refuse(f"{refusal} {getattr(refusal, 'hint', None) or ''}".strip(), refusal.code)
    from prediction.training.summary import summary

    line.end()
    sys.stdout.write(summary(result))
    return 0


def model_name(path: Path) -> str:
    """Return a valid model name made from a file's name."""
    words = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    return (words if words[:1].isalpha() else f"model-{words}")[:63].strip("-")


class ProgressLine:
    """One line that is written over and over on a terminal, and a line for each step elsewhere."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._last = ""

    def __call__(self, fraction: float, message: str) -> None:
        """Show how far the work is."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{fraction:4.0%} {time.monotonic() - self._started:4.0f} s  {message}"[:120])
        elif message != self._last:
            sys.stderr.write(f"{fraction:4.0%} {message}\n")
        self._last = message
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty() and self._last:
            sys.stderr.write("\n")


def _train(
    arguments: argparse.Namespace,
    settings: PredictionSettings,
    model: str,
    options: TrainingOptions,
    progress: ProgressLine,
) -> "TrainingResult":
    service = find_service(settings, arguments.url, arguments.key)
    if service is None:
        from prediction.training.local import train_here

        sys.stdout.write(f"No service answers: training {model} in this process.\n")
        return asyncio.run(train_here(settings, model, arguments.data, arguments.target, options, progress))
    with service:
        sys.stdout.write(f"Training {model} on {service.url}.\n")
        return _train_there(service, arguments, model, options, progress)


def _train_there(
    service: RemoteService,
    arguments: argparse.Namespace,
    model: str,
    options: TrainingOptions,
    progress: ProgressLine,
) -> "TrainingResult":
    from prediction.training.schemas import TrainingResult

    progress(0.0, "uploading")
    dataset = service.upload(arguments.data)
    wanted = options.model_dump(mode="json", exclude_defaults=True)
    job = service.train(model, {"dataset": dataset["id"], "target": arguments.target, "options": wanted})
    return TrainingResult.model_validate(service.wait(job, progress))


def _options(arguments: argparse.Namespace) -> TrainingOptions:
    given = {name: getattr(arguments, name, None) for name in TrainingOptions.model_fields}
    return TrainingOptions.model_validate({name: value for name, value in given.items() if value is not None})


def _place(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""


def _refuse(sentence: str, code: str = "invalid") -> int:
    sys.stderr.write(f"train: {sentence} [{code}]\n")
    return 1
