"""Releases under load: no request fails, and each answer is that of the version it names."""

import asyncio

import httpx2
import pytest

from prediction.registry.ports import Alias

FLOWER = {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4}
FLIPS, CLIENTS = 100, 8


@pytest.mark.settings(serving__poll_seconds=0.01, limits__default="1000000/minute")
async def test_no_request_fails_while_champions_come_and_go(
    server_url, release, flowers, registry, services, mint, eventually
) -> None:
    for seed in (1, 2, 3):
        release("flowers", flowers, seed=seed)
    answers: list[tuple[str, float]] = []
    over = asyncio.Event()

    async def ask(client: httpx2.AsyncClient) -> None:
        while not over.is_set():
            response = await client.post("/v1/models/flowers/predict", json={"rows": [FLOWER]})
            assert response.status_code == 200, response.text
            answers.append((response.json()["version"], response.json()["predictions"][0]["probability"]))

    async def flip() -> None:
        for number in range(FLIPS):
            version = "3" if number % 25 == 24 else "12"[number % 2]  # now and then one that is not in memory
            registry.set_alias("acme", "flowers", Alias.CHAMPION, version)
            await eventually(lambda version=version: champion() == version)
            await asyncio.sleep(0.01)
        over.set()

    def champion() -> str | None:
        slot = services.models.find("acme", "flowers")
        return slot and slot.champion.version.version

    headers = {"X-API-Key": await mint()}
    async with httpx2.AsyncClient(base_url=server_url, headers=headers) as client, asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(ask(client))
        group.create_task(flip())

    assert {version for version, _ in answers} == {"1", "2", "3"}
    assert len(set(answers)) == 3  # one probability for each version
    assert services.models.swaps >= FLIPS
    assert len(answers) > FLIPS
