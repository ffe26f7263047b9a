import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from llmkit.call import PromptRef
from llmkit.prompts import Prompt, PromptAliases, PromptNotFound, PromptSettings, PromptStore
from llmkit.prompts.endpoints import make_router
from servicekit.app import create_app
from servicekit.database import Database
from servicekit.kit import Kit


def make_store() -> PromptStore:
    prompts = [Prompt(PromptRef("answer", version), ("a",), (("user", f"{{{{ a }}}} {version}"),)) for version in "123"]
    return PromptStore(prompts, PromptSettings(versions="answer=2"))


def chosen(aliases: PromptAliases) -> str:
    return aliases.store.choose("answer").ref.version


async def test_a_switch_reaches_other_processes_and_can_be_taken_back(either_database: Database) -> None:
    here, there = (PromptAliases(make_store(), either_database) for _ in range(2))
    await here.switch("answer", {"1": 1}, actor="key-1")
    assert (chosen(here), chosen(there)) == ("1", "2")
    await there.refresh()
    assert chosen(there) == "1"
    await there.switch("answer", {"3": 1}, actor="key-2")
    await there.switch("answer", {}, actor="key-2")
    await here.refresh()
    assert (chosen(here), chosen(there)) == ("2", "2")


async def test_what_was_switched_holds_from_the_start(database: Database) -> None:
    await PromptAliases(make_store(), database).switch("answer", {"1": 1}, actor="key-1")
    started = PromptAliases(make_store(), database)
    async with started.running():
        assert chosen(started) == "1"


@pytest.mark.parametrize(("name", "weights"), [("nothing", {"1": 1}), ("answer", {"4": 1}), ("nothing", {})])
async def test_only_what_is_there_can_be_switched_to(database: Database, name: str, weights: dict) -> None:
    with pytest.raises(PromptNotFound):
        await PromptAliases(make_store(), database).switch(name, weights, actor="key-1")


async def test_while_the_database_is_away_the_last_switch_holds(database: Database, tmp_path) -> None:
    store = make_store()
    await PromptAliases(store, database).switch("answer", {"1": 1}, actor="key-1")
    away = Database(f"sqlite+aiosqlite:///{tmp_path}")  # a folder: cannot be opened
    with capture_logs() as logs:
        await PromptAliases(store, away).refresh()
    await away.dispose()
    assert store.choose("answer").ref.version == "1"
    assert [line["event"] for line in logs] == ["prompt_aliases_unknown"]


@pytest.fixture
def app(kit: Kit) -> FastAPI:
    aliases = PromptAliases(make_store(), kit.database)
    router = make_router(read="rag:read", write="rag:write")
    made = create_app(kit, title="test", routers=[router], lifespan=aliases.running)
    made.state.prompts = aliases
    return made


async def test_prompts_are_listed_with_the_versions_that_answer(client) -> None:
    listed = (await client.get("/v1/prompts")).json()
    [document] = listed["items"]
    assert document == (await client.get("/v1/prompts/answer")).json()
    assert [version["version"] for version in document["versions"]] == ["1", "2", "3"]
    assert document["versions"][0]["variables"] == ["a"]
    assert (document["name"], document["weights"], document["source"]) == ("answer", {"2": 1}, "settings")


async def test_versions_are_switched_over_http(client, running_app: FastAPI) -> None:
    answer = await client.put("/v1/prompts/answer", json={"weights": {"3": 80, "1": 20.0}})
    assert (answer.json()["weights"], answer.json()["source"]) == ({"1": 20, "3": 80}, "switched")
    assert running_app.state.prompts.store.choose("answer").ref.version == "3"
    back = await client.put("/v1/prompts/answer", json={"weights": {}})
    assert (back.json()["weights"], back.json()["source"]) == ({"2": 1}, "settings")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("nothing", {"weights": {"1": 1}}, 404),
        ("answer", {"weights": {"9": 1}}, 404),
        ("answer", {"weights": {"1": 0}}, 422),
        ("answer", {"weights": {"1": True}}, 422),
        ("answer", {"weights": {"1": "1"}}, 422),
        ("answer", {"weights": {"1": 1.5}}, 422),
        ("answer", {"weights": {"one": 1}}, 422),
        ("answer", {"version": "1"}, 422),
    ],
)
async def test_switches_that_cannot_be_made_are_refused(client, path: str, body: dict, status: int) -> None:
    assert (await client.put(f"/v1/prompts/{path}", json=body)).status_code == status


async def test_switching_wants_the_scope_to_write(make_client, anonymous_client) -> None:
    reader = await make_client("acme", {"rag:read"})
    assert (await reader.get("/v1/prompts")).status_code == 200
    assert (await reader.put("/v1/prompts/answer", json={"weights": {"1": 1}})).status_code == 403
    assert (await anonymous_client.get("/v1/prompts/answer")).status_code == 401
