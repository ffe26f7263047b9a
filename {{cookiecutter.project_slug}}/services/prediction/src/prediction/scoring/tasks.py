"""The background jobs of batch scoring."""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from prediction.artifacts.bundle import BundleRefused
from prediction.artifacts.scorer import Scorer
from prediction.catalog import WorkerResources, catalog
from prediction.datasets.errors import DatasetRefused
from prediction.registry.errors import ModelNotFound
from prediction.scoring.faults import BadRows
from prediction.scoring.files import detect_format, score_file
from prediction.scoring.schemas import OnError, ScoringParams, ScoringResult
from prediction.scoring.service import FOLDER, KIND, result_key
from servicekit.database import utc_now
from servicekit.jobs import JobContext, JobRefused
from servicekit.storage import ObjectNotFound

SWEEP = "scoring.sweep"


@catalog.job(KIND, attempts=3, timeout=timedelta(hours=2), queue="scoring")
def run_scoring(context: JobContext[WorkerResources], params: ScoringParams) -> ScoringResult:
    """Score one file. The result appears whole, at a place that depends on the job alone."""
    storage = context.resources.storage
    with tempfile.TemporaryDirectory(prefix="scoring-") as name:
        folder = Path(name)
        source, target = folder / "upload", folder / "result"
        try:
            context.run(storage.download(params.upload, source))
            scorer = _open_scorer(context, params, folder / "bundle")
            rows, skipped = score_file(scorer, source, target, params.on_error, _report(context))
        except (DatasetRefused, BundleRefused) as refusal:
            raise JobRefused(refusal.code, refusal.detail, getattr(refusal, "hint", None)) from refusal
        except ModelNotFound as refusal:
            raise JobRefused(refusal.code, refusal.detail) from refusal
        except ObjectNotFound as refusal:
            raise JobRefused("upload_deleted", "The file was deleted after its time.", "Upload it again.") from refusal
        except BadRows as refusal:
            hint = f"Correct them, or ask with on_error={OnError.SKIP} to leave them without a prediction."
            raise JobRefused("bad_rows", str(refusal), hint) from refusal
        file_format = detect_format(source)
        result = result_key(context.job_id, file_format)
        context.run(storage.put(result, target))
    return ScoringResult(
        model=params.model, version=params.version, format=file_format, rows=rows, skipped=skipped, result=result
    )


class SweepParams(BaseModel):
    """One deletion of what is too old."""


class SweepResult(BaseModel):
    """How many files were deleted."""

    deleted: int


@catalog.job(SWEEP, attempts=1, timeout=timedelta(hours=1))
async def delete_old_files(context: JobContext[WorkerResources], _params: SweepParams) -> SweepResult:
    """Delete uploads and results that are older than the settings allow."""
    storage = context.resources.storage
    oldest = utc_now() - timedelta(days=context.resources.settings.scoring.retention_days)
    old = [stored.key async for stored in storage.list(f"{FOLDER}/") if stored.modified_at < oldest]
    await asyncio.gather(*map(storage.delete, old))
    return SweepResult(deleted=len(old))


catalog.schedule(SWEEP, every=timedelta(hours=6), params=SweepParams())


def _open_scorer(context: JobContext[WorkerResources], params: ScoringParams, folder: Path) -> Scorer:
    registry = context.resources.registry
    version = registry.version(context.tenant, params.model, params.version)
    folder.mkdir()
    return Scorer.open(registry.download(version, folder), version.bundle_sha256)


def _report(context: JobContext[WorkerResources]) -> Callable[[int, float], None]:
    def report(rows: int, fraction: float) -> None:
        context.progress(fraction, f"{rows} rows scored")

    return report
