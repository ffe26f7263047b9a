"""The model card: what a model is made of, how good it is, and where it must not be trusted."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from prediction.artifacts.schema import ModelSchema, Task
from prediction.datasets.profile import DatasetProfile
from prediction.training.insight import Importance, Slice
from prediction.training.options import TrainingOptions
from prediction.training.records import Metric, Trial

LOW_TEST_ROWS = 200


class DataSection(BaseModel):
    """What the model was made from."""

    model_config = ConfigDict(frozen=True)

    source: str
    profile: DatasetProfile
    features: tuple[str, ...]
    dropped: dict[str, str]
    leaking: tuple[str, ...]
    notes: tuple[str, ...]
    training_rows: int
    held_out_rows: int
    split: str


class TrainingSection(BaseModel):
    """How the model was made."""

    model_config = ConfigDict(frozen=True)

    model: str
    score: str
    trials: tuple[Trial, ...]
    search_rows: int
    folds: int
    calibration: str | None
    options: TrainingOptions
    seconds: float
    notes: tuple[str, ...] = ()


class ModelCard(BaseModel):
    """Everything that is known about a model version at its birth."""

    model_config = ConfigDict(frozen=True)

    target: str
    task: Task
    classes: tuple[str, ...]
    created_at: datetime
    data: DataSection
    training: TrainingSection
    metrics: dict[str, Metric]
    baseline: str  # comparison with a model that ignores all features
    beats_baseline: bool
    threshold: float | None  # binary: the probability with the best F1 score
    importances: tuple[Importance, ...]
    slices: tuple[Slice, ...]
    parity: str
    limits: tuple[str, ...]


def limits_of(schema: ModelSchema, profile: DatasetProfile, held_out_rows: int, imbalanced: bool) -> tuple[str, ...]:
    """Return what a user of the model must know."""
    limits = [
        "The model repeats patterns of its training data; it knows no causes, nor anything that changed afterwards.",
        "Categories that training did not see are refused. Numbers outside the range that training saw are guesses.",
    ]
    if held_out_rows < LOW_TEST_ROWS:
        limits.append(f"The test set has {held_out_rows} rows only, so all measures are uncertain: read the intervals.")
    if imbalanced:
        limits.append(
            "One class is rare: the most probable label is nearly always the frequent one. Decide by the probability "
            "(see the threshold), or train with class_weight balanced."
        )
    if profile.sampled:
        limits.append(f"It was trained on a sample of {profile.rows} of {profile.total_rows} rows.")
    if profile.duplicate_rows > profile.rows / 10:
        limits.append("More than a tenth of the rows repeat others, which can make measures look better than they are.")
    if schema.task is Task.REGRESSION:
        limits.append("Values have no probability; see the residuals for the spread of errors.")
    return tuple(limits)


def render_markdown(card: ModelCard) -> str:
    """Return the card as a page."""
    title = f"# Model card: {card.target}\n\n{_summary(card)}\n"
    sections = [
        ("Measures on held-out rows", _metrics(card)),
        ("Data", _data(card)),
        ("Columns left out", _table(("column", "reason"), list(card.data.dropped.items()))),
        ("How it was made", _training(card)),
        ("What it leans on", _importances(card)),
        ("Where it is weak", _slices(card)),
        ("Limits", _bullets(card.limits)),
    ]
    return title + "".join(f"\n## {name}\n\n{text}\n" for name, text in sections if text)


def _summary(card: ModelCard) -> str:
    classes = f" ({len(card.classes)} classes)" if card.classes else ""
    return (
        f"Predicts `{card.target}`: {card.task}{classes}. Made {card.created_at:%Y-%m-%d %H:%M} UTC from "
        f"{card.data.training_rows} rows of {card.data.source}. Chosen model: {card.training.model}."
    )


def _metrics(card: ModelCard) -> str:
    rows = [
        (name, f"{metric.value:.4g}", f"{metric.low:.4g} to {metric.high:.4g}") for name, metric in card.metrics.items()
    ]
    text = _table(("measure", "value", "95 % interval"), rows) + f"\n\n{card.baseline}"
    if card.threshold is not None:
        text += f"\n\nCalling {card.classes[1]!r} from a probability of {card.threshold:.3f} gives the best F1 score."
    return text


def _data(card: ModelCard) -> str:
    data, profile = card.data, card.data.profile
    facts = [
        f"{profile.total_rows} rows in the file, {profile.rows} read, {data.training_rows} for training, "
        f"{data.held_out_rows} held out: {data.split}",
        f"{len(data.features)} features: {', '.join(f'`{name}`' for name in data.features)}",
        *data.notes,
    ]
    return _bullets(facts)


def _training(card: ModelCard) -> str:
    training = card.training
    rows = [
        (trial.name, f"{trial.score:.4g} ± {trial.deviation:.2g}", f"{trial.seconds:.1f} s")
        for trial in training.trials
    ]
    facts = [
        f"compared on {training.search_rows} rows by {training.folds}-fold cross-validation, then fitted on all "
        f"{card.data.training_rows} training rows",
        *([training.calibration] if training.calibration else []),
        *training.notes,
        card.parity,
        f"options: `{training.options.model_dump_json(exclude_defaults=True)}`; {training.seconds:.1f} s in all",
    ]
    return f"{_table(('model', training.score, 'time'), rows)}\n\n{_bullets(facts)}"


def _importances(card: ModelCard) -> str:
    rows = [(entry.feature, f"{entry.loss_increase:.4g}") for entry in card.importances[:20]]
    return _table(("feature", "growth of the loss when shuffled"), rows)


def _slices(card: ModelCard) -> str:
    rows = [(f"{part.feature} = {part.value}", str(part.rows), f"{part.ratio:.2f} x") for part in card.slices]
    return _table(("rows with", "number", "loss, compared with all rows"), rows)


def _bullets(lines: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
