"""Data sets over HTTP: upload, look at, list, delete; each tenant its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from prediction.bootstrap import Services
from prediction.datasets.errors import DatasetNotFound
from prediction.datasets.service import DatasetService, DatasetTooLarge, storage_key
from prediction.training.settings import TrainingSettings
from servicekit.auth.principal import Principal
from servicekit.testkit.schema import assert_models_match_migrations

DATASETS = "/v1/datasets"
TABLE = b"age;city;bought\n" + b"".join(b"%d;Oslo;y\n%d;Rome;n\n" % (age, age) for age in range(20, 60))


async def upload(
    client: httpx2.AsyncClient, content: bytes = TABLE, name: str = "people.csv", key: str | None = None
) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post(DATASETS, files={"file": (name, content)}, headers=headers)


async def test_an_upload_is_kept_and_described(client: httpx2.AsyncClient, services: Services) -> None:
    answer = await upload(client)
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert answer.headers["location"] == f"{DATASETS}/{document['id']}"
    assert (document["name"], document["size"]) == ("people.csv", len(TABLE))
    assert {column["name"]: column["content"] for column in document["profile"]["columns"]} == {
        "age": "numeric",
        "city": "category",
        "bought": "category",
    }
    assert (await client.get(answer.headers["location"])).json() == document
    stored = b"".join([chunk async for chunk in services.kit.storage.get(f"datasets/{document['id']}/data")])
    assert stored == TABLE


async def test_the_same_content_is_kept_once_per_tenant(
    client: httpx2.AsyncClient, other_client: httpx2.AsyncClient
) -> None:
    first, again = await upload(client), await upload(client, name="copy.csv")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    other = await upload(other_client)
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


async def test_simultaneous_uploads_of_the_same_content_make_one_data_set(client: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(upload(client) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await client.get(DATASETS)).json()["items"]) == 1


async def test_a_repeated_request_is_answered_again(client: httpx2.AsyncClient) -> None:
    first, again = await upload(client, key="k-1"), await upload(client, key="k-1")
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()


async def test_lists_are_pages_newest_first(client: httpx2.AsyncClient) -> None:
    made = [(await upload(client, TABLE + b"1;Lima;%d\n" % at)).json()["id"] for at in range(3)]
    page = (await client.get(DATASETS, params={"limit": 2})).json()
    assert [item["id"] for item in page["items"]] == made[:0:-1]
    rest = (await client.get(DATASETS, params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == made[:1]
    assert rest["next_cursor"] is None


async def test_deleting_removes_the_file(client: httpx2.AsyncClient, services: Services) -> None:
    path = (await upload(client)).headers["location"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).json()["code"] == "dataset_not_found"
    assert not await services.kit.storage.exists(f"{path.removeprefix('/v1/')}/data")


async def test_other_tenants_see_nothing(client: httpx2.AsyncClient, other_client: httpx2.AsyncClient) -> None:
    path = (await upload(client)).headers["location"]
    assert (await other_client.get(path)).status_code == 404
    assert (await other_client.delete(path)).status_code == 404
    assert (await other_client.get(DATASETS)).json()["items"] == []
    assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"a,b\n", "header_only"),
        (b"a,b\n1,2\n1,2,3\n", "ragged_rows"),
        (b"\x1f\x8b\x08\x00", "compressed_file"),
        (bytes(range(256)) * 9, "not_a_table"),
        (b"a,a\n1,2\n", "duplicate_columns"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_a_reason(
    client: httpx2.AsyncClient, content: bytes, code: str
) -> None:
    answer = await upload(client, content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["hint"]
    assert (await client.get(DATASETS)).json()["items"] == []


async def test_a_name_with_a_path_is_only_a_name(client: httpx2.AsyncClient) -> None:
    assert (await upload(client, name="../../etc/passwd")).json()["name"] == "passwd"


async def test_scopes_are_asked_for(make_client) -> None:
    reader = await make_client("acme", {"prediction:read"})
    assert (await upload(reader)).status_code == 403
    assert (await reader.get(DATASETS)).status_code == 200


async def test_a_stream_beyond_the_limit_is_refused_while_it_comes(services: Services) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"1,2\n" * 1_000

    caller = Principal(tenant="acme", subject="test", scopes=frozenset())
    async with services.kit.database.session() as session:
        small = DatasetService(session, services.kit.storage, TrainingSettings(max_file_bytes=10_000))
        with pytest.raises(DatasetTooLarge):
            await small.add(caller, "x.csv", endless())


async def test_an_upload_that_is_rolled_back_leaves_no_data_set(services: Services) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield TABLE

    caller = Principal(tenant="acme", subject="test", scopes=frozenset())
    async with services.kit.database.session() as session:
        added = await DatasetService(session, services.kit.storage, TrainingSettings()).add(caller, "", content())
        assert added.dataset.name == "data"
        assert await services.kit.storage.exists(storage_key(added.dataset.id))
        await session.rollback()
        with pytest.raises(DatasetNotFound):
            await DatasetService(session, services.kit.storage, TrainingSettings()).get("acme", added.dataset.id)


async def test_the_tables_are_those_of_the_models(tmp_path: Path, migration_locations) -> None:
    await assert_models_match_migrations(f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}", migration_locations)
