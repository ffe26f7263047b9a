"""Searches over HTTP."""

import pytest


async def test_the_best_passage_comes_first(client, manual) -> None:
    found = (await client.post("/v1/search", json={"query": "When is a job tried again?"})).json()
    assert found["query"] == found["queries"][0] == "When is a job tried again?"
    best = found["items"][0]
    assert (best["document_id"], best["document_name"], best["ordinal"], best["page"]) == (manual, "manual.md", 1, 2)
    assert best["why"]["dense"] is None
    assert found["timings_ms"]["total"] > 0


async def test_explains_what_it_found(client, manual) -> None:
    body = {"query": "port", "explain": True, "rerank": True, "limit": 1}
    (item,) = (await client.post("/v1/search", json=body)).json()["items"]
    assert (item["why"]["dense"]["rank"], item["why"]["sparse"]["rank"]) == (1, 1)
    assert item["why"]["terms"] == ["port"]
    assert item["score"] == item["why"]["rerank"] > 0


@pytest.mark.parametrize(
    ("narrowing", "found"),
    [
        ({"tags": ["ops"]}, True),
        ({"tags": ["hr"]}, False),
        ({"metadata": {"year": 2026}}, True),
        ({"metadata": {"year": [2025, 2026]}}, True),
        ({"metadata": {"year": "2026"}}, False),
        ({"metadata": {"tenant": "acme"}}, False),
    ],
)
async def test_filters_narrow_it(narrowing: dict, found: bool, client, manual) -> None:
    items = (await client.post("/v1/search", json={"query": "port", "filter": narrowing})).json()["items"]
    assert bool(items) is found


async def test_nothing_of_another_tenant_is_found(other_client, manual) -> None:
    for narrowing in ({}, {"documents": [manual]}, {"tags": ["ops"]}):
        body = {"query": "port", "filter": narrowing}
        assert (await other_client.post("/v1/search", json=body)).json()["items"] == []


async def test_searching_needs_its_scope(make_client) -> None:
    client = await make_client(scopes={"rag:ask"})
    assert (await client.post("/v1/search", json={"query": "a"})).status_code == 403
