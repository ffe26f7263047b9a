"""Documents over HTTP, with their jobs run here and now."""

import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx2
import pytest

from rag.bootstrap import Services
from rag.catalog import WorkerResources
from rag.indexing.ports import Filter, Mode, Query, SparseVector
from servicekit.testkit.jobs import InlineJobs

Uploader = Callable[..., Awaitable[httpx2.Response]]
TEXT = "# Holidays\n\nEvery employee has thirty days of holiday.\n\n# Sickness\n\nCall before nine.\n"


async def one(response: httpx2.Response) -> dict:
    assert response.status_code == 202, response.text
    (item,) = response.json()["items"]
    return item


async def test_an_uploaded_document_is_searchable_when_its_job_is_done(
    client: httpx2.AsyncClient, upload: Uploader, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    item = await one(await upload(client, {"handbook.md": TEXT}, tags="hr, rules", metadata='{"year": 2026}'))

    assert item["outcome"] == "accepted"
    document = item["document"]
    assert (document["state"], document["searchable"]) == ("queued", False)
    assert (document["tags"], document["metadata"]) == (["hr", "rules"], {"year": 2026})
    await job_runner.run_all(resources)
    ready = (await client.get(f"/v1/documents/{document['id']}")).json()
    assert (ready["state"], ready["searchable"], ready["error"]) == ("ready", True, None)
    assert ready["media_type"] == "text/markdown"
    assert ready["chunks"] >= 1
    assert ready["progress"]["fraction"] == 1.0
    page = (await client.get(f"/v1/documents/{document['id']}/pages/1")).json()
    assert page["document_name"] == "handbook.md"
    assert "thirty days" in page["text"]
    assert page["pages"] == 1
    job = (await client.get(f"/v1/jobs/{item['job_id']}")).json()
    assert job["result"]["outcome"] == "ready"
    name = await resources.index.collections()
    assert await resources.index.count(name[0], "acme") == ready["chunks"]
    content = await client.get(f"/v1/documents/{document['id']}/content")
    assert content.text == TEXT
    assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''handbook.md"


async def test_the_same_content_is_kept_once(
    client: httpx2.AsyncClient, upload: Uploader, services: Services, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    first = await one(await upload(client, {"a.md": TEXT}))
    again = await one(await upload(client, {"a.md": TEXT}))
    elsewhere = await one(await upload(client, {"b.md": TEXT}))

    for item in (again, elsewhere):
        assert (item["outcome"], item["job_id"]) == ("unchanged", None)
        assert item["document"]["id"] == first["document"]["id"]
    assert len([stored async for stored in services.kit.storage.list("documents/")]) == 1
    await job_runner.run_all(resources)
    assert (await one(await upload(client, {"a.md": TEXT})))["outcome"] == "unchanged"


async def test_another_tenant_may_have_the_same_content_and_sees_nothing_of_the_first(
    client: httpx2.AsyncClient,
    other_client: httpx2.AsyncClient,
    upload: Uploader,
    job_runner: InlineJobs,
    resources: WorkerResources,
) -> None:
    first = (await one(await upload(client, {"a.md": TEXT})))["document"]["id"]
    second = await one(await upload(other_client, {"a.md": TEXT}))
    await job_runner.run_all(resources)

    assert second["outcome"] == "accepted"
    assert second["document"]["id"] != first
    for path in ("", "/pages/1", "/content"):
        answer = await other_client.get(f"/v1/documents/{first}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")
    assert (await other_client.delete(f"/v1/documents/{first}")).status_code == 404
    assert (await other_client.patch(f"/v1/documents/{first}", json={"tags": []})).status_code == 404
    listed = (await other_client.get("/v1/documents")).json()["items"]
    assert [document["id"] for document in listed] == [second["document"]["id"]]


async def test_a_new_content_replaces_the_old_one_when_it_is_complete(
    client: httpx2.AsyncClient, upload: Uploader, services: Services, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    item = await one(await upload(client, {"a.md": TEXT}, tags="keep"))
    await job_runner.run_all(resources)
    path = f"/v1/documents/{item['document']['id']}"
    old = (await client.get(path)).json()

    replaced = await one(await upload(client, {"a.md": TEXT.replace("thirty", "forty")}))

    assert replaced["outcome"] == "replaces"
    assert replaced["document"]["id"] == old["id"]
    waiting = (await client.get(path)).json()
    assert (waiting["state"], waiting["searchable"], waiting["tags"]) == ("queued", True, ["keep"])
    assert "thirty" in (await client.get(f"{path}/pages/1")).json()["text"]
    assert "thirty" in (await client.get(f"{path}/content")).text
    await job_runner.run_all(resources)
    assert "forty" in (await client.get(f"{path}/pages/1")).json()["text"]
    assert "forty" in (await client.get(f"{path}/content")).text
    new = (await client.get(path)).json()
    assert (new["state"], new["sha256"] != old["sha256"]) == ("ready", True)
    (collection,) = await resources.index.collections()
    assert await resources.index.count(collection, "acme") == new["chunks"]
    assert len([stored async for stored in services.kit.storage.list("documents/")]) == 1


async def test_a_content_that_cannot_be_used_leaves_the_old_one_in_place(
    client: httpx2.AsyncClient, upload: Uploader, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    item = await one(await upload(client, {"a.md": TEXT}))
    await job_runner.run_all(resources)
    path = f"/v1/documents/{item['document']['id']}"

    await upload(client, {"a.md": b"\x89PNG\r\n\x1a\n" + bytes(100)})
    await job_runner.run_all(resources)

    document = (await client.get(path)).json()
    assert (document["state"], document["searchable"]) == ("failed", True)
    assert document["error"]["code"] == "unsupported_type"
    assert document["error"]["hint"]
    assert "thirty" in (await client.get(f"{path}/pages/1")).json()["text"]
    retried = await one(await upload(client, {"a.md": b"\x89PNG\r\n\x1a\n" + bytes(100)}))
    assert retried["outcome"] == "replaces"  # a failed content may be tried again
    assert (await one(await upload(client, {"a.md": TEXT})))["outcome"] == "replaces"
    await job_runner.run_all(resources)
    assert (await client.get(path)).json()["state"] == "ready"


async def test_a_first_content_that_cannot_be_used_is_listed_with_its_reason(
    client: httpx2.AsyncClient, upload: Uploader, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    item = await one(await upload(client, {"scan.pdf": b"%PDF-1.7\nnot really"}))
    await job_runner.run_all(resources)

    (document,) = (await client.get("/v1/documents?state=failed")).json()["items"]
    assert document["id"] == item["document"]["id"]
    assert document["error"]["code"] == "corrupt"
    page = await client.get(f"/v1/documents/{document['id']}/pages/1")
    assert (page.status_code, page.json()["code"]) == (404, "page_not_found")
    job = (await client.get(f"/v1/jobs/{item['job_id']}")).json()
    assert (job["state"], job["error"]["code"]) == ("failed", "corrupt")


async def test_a_deleted_document_is_gone_at_once_and_without_a_trace(
    client: httpx2.AsyncClient, upload: Uploader, services: Services, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    item = await one(await upload(client, {"a.md": TEXT}))
    await job_runner.run_all(resources)
    path = f"/v1/documents/{item['document']['id']}"

    assert (await client.delete(path)).status_code == 204

    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).status_code == 404
    await job_runner.run_all(resources)
    (collection,) = await resources.index.collections()
    assert await resources.index.count(collection, "acme") == 0
    assert not [stored async for stored in services.kit.storage.list("documents/")]


@pytest.mark.settings(ingestion__max_file_bytes=100, ingestion__max_files=2)
async def test_files_that_cannot_be_taken_are_named_with_the_reason(
    client: httpx2.AsyncClient, upload: Uploader, services: Services
) -> None:
    answer = await upload(client, {"ok.txt": "fine", "big.txt": "x" * 101, "third.txt": "three"})

    assert answer.status_code == 202
    assert [item["document"]["name"] for item in answer.json()["items"]] == ["ok.txt"]
    assert [(file["name"], file["code"]) for file in answer.json()["refused"]] == [
        ("third.txt", "too_many_files"),
        ("big.txt", "too_large"),
    ]
    nothing = await upload(client, {"big.txt": "x" * 101, "empty.txt": b""})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "documents_refused")
    assert [error["name"] for error in nothing.json()["errors"]] == ["files[big.txt]", "files[empty.txt]"]
    single = await upload(client, {"empty.txt": b""})
    assert (single.status_code, single.json()["code"]) == (422, "no_text")
    assert len([stored async for stored in services.kit.storage.list("documents/")]) == 1


@pytest.mark.parametrize("name", ["a\nb.txt", "a\r\nX: b.txt", "a"])
async def test_a_name_with_a_line_break_is_refused(name: str, client: httpx2.AsyncClient) -> None:
    end = "" if name == "a" else '"'
    body = f'--B\r\nContent-Disposition: form-data; name="files"; filename="{name}{end}\r\n\r\nwords\r\n--B--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = await client.post("/v1/documents", content=body.encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_name")
    (error,) = answer.json()["errors"]
    assert error["name"] in ("files[ab.txt]", "files[a]")
    assert "has a line break in it" in error["message"]
    assert (await client.get("/v1/documents")).json()["items"] == []


@pytest.mark.parametrize("name", ['a\\"b.txt', '\\"a\\".txt', "a;b.txt", "a%0Ab.txt"])
async def test_odd_names_on_one_line_are_taken(name: str, client: httpx2.AsyncClient) -> None:
    body = f'--B\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\nwords\r\n--B--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = await client.post("/v1/documents", content=body.encode(), headers=headers)
    assert answer.json()["items"][0]["document"]["name"] == name.replace("\\", "")


async def test_hostile_names_become_harmless_ones_and_folders_are_kept(
    client: httpx2.AsyncClient, upload: Uploader
) -> None:
    names = ["../../etc/passwd", "guide/index.md", "C:\\temp\\a.txt", "\u202egpj.exe"]
    answer = await upload(client, {name: f"content of {name}" for name in names})

    found = [item["document"]["name"] for item in answer.json()["items"]]
    assert found == ["etc/passwd", "guide/index.md", "a.txt", "gpj.exe"]


@pytest.mark.parametrize(
    "form",
    [
        {"metadata": "[1]"},
        {"metadata": '{"a": {"b": 1}}'},
        {"metadata": '{"a": NaN}'},
        {"metadata": "no json"},
        {"metadata": json.dumps({"k" * 65: 1})},
        {"metadata": json.dumps({"k": "v" * 1001})},
        {"metadata": json.dumps({str(number): 1 for number in range(51)})},
        {"metadata": '{"a": 9007199254740993}'},
        {"tags": "a" * 65},
        {"tags": ",".join(map(str, range(51)))},
        {"tags": "line\nbreak"},
        {"tags": "reversed \u202e text"},
        {"metadata": '{" padded ": 1}'},
        {"metadata": '{"zero": "a\\u0000b"}'},
        {"metadata": '{"half": "\\ud800"}'},
    ],
)
async def test_labels_are_bounded_and_typed(
    client: httpx2.AsyncClient, upload: Uploader, services: Services, form: dict[str, str]
) -> None:
    answer = await upload(client, {"a.txt": "text"}, **form)

    assert (answer.status_code, answer.json()["code"]) == (422, "labels_refused")
    assert answer.json()["errors"]
    assert not [stored async for stored in services.kit.storage.list("documents/")]


async def test_new_labels_reach_the_index(
    client: httpx2.AsyncClient, upload: Uploader, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    item = await one(await upload(client, {"a.md": TEXT}, tags="old"))
    path = f"/v1/documents/{item['document']['id']}"
    await job_runner.run_all(resources)

    changed = await client.patch(path, json={"tags": ["new", "new"], "metadata": {"final": True, "rate": 0.5}})

    assert changed.status_code == 200
    assert changed.json()["tags"] == ["new"]
    assert changed.json()["metadata"] == {"final": True, "rate": 0.5}
    await job_runner.run_all(resources)
    assert await _labelled(resources, tags=("new",), metadata={"final": (True,)}) == changed.json()["chunks"]
    assert await _labelled(resources, tags=("old",)) == 0
    again = await client.patch(path, json={"tags": ["new"]})
    assert again.json()["metadata"] == {"final": True, "rate": 0.5}
    assert [document["id"] for document in (await client.get("/v1/documents?tag=new")).json()["items"]] == [
        item["document"]["id"]
    ]
    assert not (await client.get("/v1/documents?tag=old")).json()["items"]


async def test_labels_changed_during_the_work_are_in_the_index_after_it(
    client: httpx2.AsyncClient, upload: Uploader, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    item = await one(await upload(client, {"a.md": TEXT}, tags="old"))
    runner = job_runner
    await client.patch(f"/v1/documents/{item['document']['id']}", json={"tags": ["new"]})
    jobs = await runner.run_all(resources)

    assert {job.kind: job.state for job in jobs} == {"document.ingest": "succeeded", "document.relabel": "succeeded"}
    assert await _labelled(resources, tags=("new",)) > 0


async def _labelled(resources: WorkerResources, **chosen: object) -> int:
    (collection,) = await resources.index.collections()
    vector = await resources.embedder.embed_query("holiday")
    query = Query("acme", vector, SparseVector((), ()), Mode.DENSE, 100, Filter(**chosen))  # type: ignore[arg-type]
    return len(await resources.index.search(collection, query))


async def test_documents_are_listed_newest_first_in_pages_and_by_name(
    client: httpx2.AsyncClient, upload: Uploader
) -> None:
    for number in range(5):
        await upload(client, {f"File_{number}.txt": f"content {number}"})

    first = (await client.get("/v1/documents?limit=2")).json()
    second = (await client.get(f"/v1/documents?limit=2&cursor={first['next_cursor']}")).json()
    third = (await client.get(f"/v1/documents?limit=2&cursor={second['next_cursor']}")).json()

    names = [document["name"] for page in (first, second, third) for document in page["items"]]
    assert names == [f"File_{number}.txt" for number in (4, 3, 2, 1, 0)]
    assert third["next_cursor"] is None
    assert len((await client.get("/v1/documents?name=file_3")).json()["items"]) == 1
    assert not (await client.get("/v1/documents?name=%25")).json()["items"]


async def test_an_upload_with_an_idempotency_key_happens_once(client: httpx2.AsyncClient) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\ntext\r\n--x--\r\n"
    )
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "multipart/form-data; boundary=x"}
    first = await client.post("/v1/documents", content=body, headers=headers)
    again = await client.post("/v1/documents", content=body, headers=headers)

    assert first.json()["items"][0]["outcome"] == "accepted"
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_scopes_are_needed(make_client: Callable[..., Awaitable[httpx2.AsyncClient]], upload: Uploader) -> None:
    reader = await make_client(scopes={"rag:read"})
    writer = await make_client(scopes={"rag:write"})

    assert (await upload(reader, {"a.txt": "text"})).status_code == 403
    assert (await upload(writer, {"a.txt": "text"})).status_code == 202
    assert (await writer.get("/v1/documents")).status_code == 403
    assert (await reader.get("/v1/documents")).status_code == 200
    assert (await writer.post("/v1/reindexings")).status_code == 403
