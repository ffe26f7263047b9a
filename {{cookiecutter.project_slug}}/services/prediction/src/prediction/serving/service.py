"""Answering one request."""

import asyncio
import time
from dataclasses import dataclass

import msgspec

from prediction.explanations.ablation import explain
from prediction.predictionlog.log import PredictionLog
from prediction.predictionlog.record import PredictionRecord
from prediction.serving.answers import Output, PredictAnswer, Prediction, Variant
from prediction.serving.decoder import PredictRequest, decode_request
from prediction.serving.errors import InvalidRows
from prediction.serving.models import LoadedModel, Rows, Slot
from prediction.serving.served import ServedModels
from prediction.serving.settings import ServingSettings
from prediction.serving.shadow import Shadows
from prediction.serving.validation import request_errors
from servicekit.database import uuid7
from servicekit.http.strict_json import MalformedJson


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks which model; a version is named only by callers that want that one and no other."""

    tenant: str
    model: str
    request_id: str
    version: str | None = None


class Predictor:
    """Answers requests from the models in memory, and records every answer before it is given."""

    def __init__(self, models: ServedModels, log: PredictionLog, shadows: Shadows, settings: ServingSettings) -> None:
        self._models = models
        self._log = log
        self._shadows = shadows
        self._settings = settings

    async def predict(self, call: Call, body: bytes) -> PredictAnswer:
        """Return the answer to a request's body.

        Raises:
            Problem: the model is not served, the rows do not fit it, or the answer cannot be recorded.
        """
        slot = self._models.find(call.tenant, call.model) or await self._models.require(call.tenant, call.model)
        return await self.answer(slot, call, body)

    async def answer(self, slot: Slot, call: Call, body: bytes) -> PredictAnswer:
        """Return the answer of a slot that the caller has taken."""
        try:
            request = decode_request(body)
            model, variant, rows = self._read(slot, call, request)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise await self._refusal(slot, call, body, error) from error
        if len(rows.values) > self._settings.thread_rows:
            outputs = await asyncio.to_thread(model.score, rows.matrix)
        else:
            outputs = model.score(rows.matrix)
        id_ = uuid7().hex
        predictions = model.predictions(id_, outputs)
        if request.explain:
            await asyncio.to_thread(self._explain, model, rows, predictions)
        record = _record(call, request, model, variant, id_, outputs)
        self._log.append(record)
        model.answered[variant] += len(outputs)
        if slot.shadow and slot.challenger is not None and variant == "champion":
            self._shadows.offer(slot.challenger, record)
        return PredictAnswer(call.model, model.version.version, variant, predictions)

    def _read(self, slot: Slot, call: Call, request: PredictRequest) -> tuple[LoadedModel, Variant, Rows]:
        if call.version is not None:
            model, variant = slot.by_version(call.version)
        else:
            model, variant = slot.pick(request.key or call.request_id)
        try:
            rows = model.read(request.rows)
        except (msgspec.DecodeError, ValueError, RecursionError):
            if call.version is not None or variant == "champion":
                raise
            model, variant = slot.champion, "champion"  # a challenger with other columns must not fail a request
            rows = model.read(request.rows)
        if not 0 < len(rows.values) <= self._row_limit(request):
            raise ValueError("too few or too many rows")
        return model, variant, rows

    def _row_limit(self, request: PredictRequest) -> int:
        return self._settings.max_explained_rows if request.explain else self._settings.max_rows

    async def _refusal(self, slot: Slot, call: Call, body: bytes, error: Exception) -> InvalidRows | MalformedJson:
        """Say everything that is wrong with a body that the decoder refused."""
        model = slot.by_version(call.version)[0] if call.version else slot.champion
        errors = await asyncio.to_thread(request_errors, body, model.schema, self._settings)
        if errors:
            return InvalidRows(errors, slot.name)
        return MalformedJson(f"The body cannot be read: {error}")

    def _explain(self, model: LoadedModel, rows: Rows, predictions: list[Prediction]) -> None:
        most = self._settings.explained_features
        for index, prediction in enumerate(predictions):
            row = rows.matrix[index : index + 1]
            prediction.explanation = explain(model.scorer, rows.values[index], row, most)


def _record(
    call: Call, request: PredictRequest, model: LoadedModel, variant: Variant, id_: str, outputs: list[Output]
) -> PredictionRecord:
    return PredictionRecord(
        id=id_,
        at=time.time(),
        tenant=call.tenant,
        model=call.model,
        version=model.version.version,
        variant=variant,
        request_id=call.request_id,
        rows=request.rows,
        outputs=outputs,
        classes=model.classes,
        key=request.key,
    )
