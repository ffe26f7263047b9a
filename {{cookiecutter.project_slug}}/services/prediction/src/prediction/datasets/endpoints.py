"""Routes of data sets."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Query, Response, Security, UploadFile, status

from prediction.datasets.errors import DatasetNotFound, DatasetRefused
from prediction.datasets.repository import DatasetRepository
from prediction.datasets.schemas import DatasetDocument, DatasetList, DatasetSummary, document
from prediction.datasets.service import DatasetService, DatasetTooLarge
from prediction.dependencies import ServicesDep
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.problems import problem_responses

DATASETS_PATH = "/v1/datasets"
Table = Annotated[UploadFile, File(json_schema_extra={"minLength": 1})]
CHUNK_BYTES = 1024 * 1024

router = APIRouter(prefix=DATASETS_PATH, tags=["data sets"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Security(require("prediction:read"))]
Trainer = Annotated[Principal, Security(require("prediction:train"))]


async def datasets(services: ServicesDep, session: Session) -> DatasetService:
    """Return the service, bound to the request's unit of work."""
    return DatasetService(session, services.kit.storage, services.settings.training)


Datasets = Annotated[DatasetService, Depends(datasets, scope="function")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Upload a data set",
    responses=problem_responses(DatasetRefused, DatasetTooLarge)
    | {200: {"model": DatasetDocument, "description": "The same content is there already"}},
)
async def upload_dataset(file: Table, caller: Trainer, datasets: Datasets, response: Response) -> DatasetDocument:
    """Take a CSV or Parquet file. Its format is found out; the answer says what the first rows look like."""
    added = await datasets.add(caller, file.filename or "data", _chunks(file))
    if not added.new:
        response.status_code = status.HTTP_200_OK
    response.headers["Location"] = f"{DATASETS_PATH}/{added.dataset.id}"
    return document(added.dataset)


@router.get("", summary="List data sets, newest first")
async def list_datasets(
    caller: Reader,
    session: Session,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DatasetList:
    """Return a page of the tenant's data sets."""
    found = await DatasetRepository(session).page(caller.tenant, before=cursor, limit=limit + 1)
    items = [DatasetSummary.model_validate(dataset) for dataset in found[:limit]]
    return DatasetList(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.get("/{dataset_id}", summary="Look at a data set", responses=problem_responses(DatasetNotFound))
async def read_dataset(dataset_id: UUID, caller: Reader, datasets: Datasets) -> DatasetDocument:
    """Return a data set of the tenant."""
    return document(await datasets.get(caller.tenant, dataset_id))


@router.delete(
    "/{dataset_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a data set",
    responses=problem_responses(DatasetNotFound),
)
async def delete_dataset(dataset_id: UUID, caller: Trainer, datasets: Datasets) -> None:
    """Delete a data set and its file. Models that were made from it stay."""
    await datasets.delete(caller.tenant, dataset_id)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK_BYTES):
        yield chunk
