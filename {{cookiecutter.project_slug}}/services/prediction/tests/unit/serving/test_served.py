"""Loading and swapping: what is released, what is loaded, and what happens when a version cannot be."""

import asyncio

import pytest

from prediction.artifacts import bundle
from prediction.registry.board import ReleaseState
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.serving.errors import ModelUnavailable, NoChampion


def champion_of(served, model: str = "flowers") -> str:
    return served.find("acme", model).champion.version.version


async def test_serves_what_is_released(served, releases, make_version, flowers) -> None:
    releases.release(make_version("flowers", "1", flowers))
    async with served.running():
        assert champion_of(served) == "1"


async def test_swaps_soon_after_a_release_and_keeps_the_old_slot_usable(
    served, releases, make_version, flowers, eventually
) -> None:
    first, second = (make_version("flowers", str(n), flowers, seed=n) for n in (1, 2))
    releases.release(first)
    async with served.running():
        taken = served.find("acme", "flowers")
        releases.release(second)
        await eventually(lambda: champion_of(served) == "2")
        assert taken.champion.version == first


async def test_a_rollback_needs_no_download_or_load(served, releases, registry, make_version, flowers) -> None:
    first, second = (make_version("flowers", str(n), flowers, seed=n) for n in (1, 2))
    for version in (first, second):
        releases.release(version)
        await served.refresh()
    loaded = served.find("acme", "flowers").spare
    releases.release(first)
    await served.refresh()
    assert served.find("acme", "flowers").champion is loaded
    assert registry.downloads == 2


async def test_a_poisoned_version_is_refused_once_and_the_previous_goes_on(
    served, releases, registry, make_version, flowers
) -> None:
    good, bad = (make_version("flowers", str(n), flowers, seed=n) for n in (1, 2))
    (registry.folders[bad.bundle_sha256] / bundle.ONNX).write_bytes(b"poison")
    for version in (good, bad, bad, bad):
        releases.release(version)
        await served.refresh()
    assert champion_of(served) == "1"
    assert registry.downloads == 2
    assert served.degraded == ["flowers version 2: changed_file: model.onnx does not have the size that was registered"]
    releases.release(good)
    await served.refresh()
    assert served.degraded == []


async def test_the_previous_version_answers_when_a_new_process_finds_a_poisoned_champion(
    served, releases, registry, make_version, flowers
) -> None:
    good, bad = (make_version("flowers", str(n), flowers, seed=n) for n in (1, 2))
    (registry.folders[bad.bundle_sha256] / "surprise.py").write_text("print('hello')")
    releases.release(bad, previous=good)
    assert (await served.require("acme", "flowers")).champion.version == good


async def test_a_model_whose_only_version_is_poisoned_is_unavailable(
    served, releases, registry, make_version, flowers
) -> None:
    bad = make_version("flowers", "1", flowers)
    (registry.folders[bad.bundle_sha256] / bundle.MANIFEST).write_text("{}")
    releases.release(bad)
    with pytest.raises(ModelUnavailable, match="changed_manifest"):
        await served.require("acme", "flowers")
    await served.check_ready()


async def test_a_failed_download_is_tried_again_after_a_pause(
    served, releases, registry, make_version, flowers
) -> None:
    releases.release(make_version("flowers", "1", flowers))
    registry.away = True
    for _ in range(5):
        await served.refresh()
    assert registry.downloads == 1
    assert "does not answer" in served.degraded[0]


async def test_goes_on_serving_while_the_registry_is_away(served, releases, make_version, flowers) -> None:
    releases.release(make_version("flowers", "1", flowers))
    await served.refresh()
    releases.away = True
    await served.refresh()
    assert champion_of(served) == "1"
    assert served.degraded[0].startswith("registry: ")
    await served.check_ready()


async def test_starts_from_its_cache_when_the_registry_is_away(
    make_served, releases, registry, make_version, flowers
) -> None:
    first, second = (make_version("flowers", str(n), flowers, seed=n) for n in (1, 2))
    releases.release(first, challenger=second, canary_percent=50)
    await make_served().refresh()
    releases.away = registry.away = True
    reborn = make_served()
    async with reborn.running():
        await reborn.check_ready()
        slot = await reborn.require("acme", "flowers")
        assert (slot.champion.version, slot.challenger.version, slot.canary_percent) == (first, second, 50)
        with pytest.raises(RegistryUnavailable):
            await reborn.require("acme", "others")


async def test_is_not_ready_before_anything_is_known(served, releases) -> None:
    releases.away = True
    async with served.running():
        with pytest.raises(RegistryUnavailable):
            await served.check_ready()


async def test_a_changed_cache_is_not_trusted(make_served, releases, registry, make_version, flowers, tmp_path) -> None:
    releases.release(make_version("flowers", "1", flowers))
    await make_served().refresh()
    (cached,) = (tmp_path / "cache").rglob(bundle.ONNX)
    cached.write_bytes(cached.read_bytes() + b"x")
    releases.away = registry.away = True
    reborn = make_served()
    async with reborn.running():
        assert reborn.slots == {}


@pytest.mark.parametrize("memory", [b"", b"[{}]", b"\xff"])
def test_a_damaged_memory_is_as_good_as_none(served, tmp_path, memory) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "served.json").write_bytes(memory)
    assert served._cache.recall() == {}


async def test_unknown_models_and_other_tenants_are_not_found(served, releases, make_version, flowers) -> None:
    releases.release(make_version("flowers", "1", flowers))
    await served.refresh()
    for key in (("acme", "others"), ("globex", "flowers")):
        with pytest.raises(ModelNotFound):
            await served.require(*key)


async def test_a_model_without_champion_says_so(served, releases) -> None:
    releases.states["acme", "flowers"] = ReleaseState("acme", "flowers")
    with pytest.raises(NoChampion) as raised:
        await served.require("acme", "flowers")
    assert "promote" in raised.value.hint


async def test_requests_for_unknown_models_do_not_become_load_on_the_registry(served, releases) -> None:
    async def ask() -> None:
        with pytest.raises(ModelNotFound):
            await served.require("acme", "others")

    await asyncio.gather(*(ask() for _ in range(20)))
    assert releases.looks == 1


async def test_requests_for_unknown_models_do_not_wait_for_a_registry_that_is_away(
    served, releases, make_version, flowers
) -> None:
    releases.away = True
    await served.refresh()
    with pytest.raises(RegistryUnavailable) as raised:
        await served.require("acme", "flowers")
    assert (releases.looks, raised.value.retry_after) == (1, 5)
    releases.away = False
    releases.release(make_version("flowers", "1", flowers))
    await served.refresh()
    assert (await served.require("acme", "flowers")).champion.version.version == "1"


async def test_what_is_released_before_a_request_is_known_to_it(served, releases, make_version, flowers) -> None:
    await served.refresh()
    releases.release(make_version("flowers", "1", flowers))
    assert (await served.require("acme", "flowers")).champion.version.version == "1"


async def test_a_model_that_is_withdrawn_is_unloaded_and_forgotten(
    served, releases, make_version, flowers, tmp_path
) -> None:
    releases.release(make_version("flowers", "1", flowers))
    await served.refresh()
    releases.states.clear()
    await served.refresh()
    assert served.find("acme", "flowers") is None
    assert list((tmp_path / "cache").rglob(bundle.ONNX)) == []


async def test_only_versions_in_use_stay_on_disk(served, releases, make_version, flowers, tmp_path) -> None:
    for number in range(1, 5):
        releases.release(make_version("flowers", str(number), flowers, seed=number))
        await served.refresh()
    kept = {path.parent.name.partition("-")[0] for path in (tmp_path / "cache").rglob(bundle.ONNX)}
    assert kept == {"@4", "@3"}


async def test_the_model_idle_longest_makes_room(make_served, releases, make_version, flowers) -> None:
    served = make_served(max_loaded_models=2)
    for name in ("a", "b", "c"):
        releases.release(make_version(name, "1", flowers))
    await served.refresh()
    assert sorted(name for _, name in served.slots) == ["a", "b"]
    served.find("acme", "a")
    await served.require("acme", "c")
    assert len(served.slots) == 2
    await served.refresh()
    assert sorted(name for _, name in served.slots) == ["a", "c"]


async def test_challengers_are_loaded_only_for_a_share_of_the_traffic(served, releases, make_version, flowers) -> None:
    first, second = (make_version("flowers", str(n), flowers, seed=n) for n in (1, 2))
    for policy, loaded in (({}, None), ({"shadow": True}, second), ({"canary_percent": 5}, second), ({}, None)):
        releases.release(first, challenger=second, **policy)
        await served.refresh()
        challenger = served.find("acme", "flowers").challenger
        assert (challenger and challenger.version) == loaded
