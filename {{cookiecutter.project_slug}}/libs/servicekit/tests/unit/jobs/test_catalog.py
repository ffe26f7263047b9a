from datetime import timedelta

import pytest
from pydantic import BaseModel

from servicekit.jobs import Backoff, JobCatalog, JobContext


class Params(BaseModel):
    n: int = 1


def make_catalog() -> JobCatalog[str]:
    catalog: JobCatalog[str] = JobCatalog("bakery")

    @catalog.job("bread.bake", attempts=2, timeout=timedelta(seconds=5), queue="oven")
    def bake(context: JobContext[str], params: Params) -> None: ...

    @catalog.job("bread.sell")
    async def sell(context: JobContext[str], params: Params) -> None: ...

    return catalog


def test_a_kind_carries_its_policy_and_the_model_of_its_parameters() -> None:
    spec = make_catalog().spec("bread.bake")
    assert (spec.attempts, spec.timeout, spec.queue, spec.params) == (2, timedelta(seconds=5), "oven", Params)
    assert not spec.is_async
    assert make_catalog().spec("bread.sell").is_async


def test_queues_carry_the_name_of_the_service() -> None:
    assert make_catalog().queues == ("bakery.default", "bakery.oven")


def test_contains_its_kinds_and_no_others() -> None:
    catalog = make_catalog()
    assert "bread.bake" in catalog
    assert "bread.burn" not in catalog
    with pytest.raises(KeyError):
        catalog.spec("bread.burn")


def test_refuses_a_second_handler_of_a_kind() -> None:
    catalog = make_catalog()
    with pytest.raises(ValueError, match=r"two handlers of bread\.bake"):
        catalog.job("bread.bake")


@pytest.mark.parametrize(
    ("attempts", "timeout"), [(0, timedelta(hours=1)), (1, timedelta(0)), (1, timedelta(hours=13))]
)
def test_refuses_a_policy_under_which_nothing_could_run(attempts: int, timeout: timedelta) -> None:
    with pytest.raises(ValueError, match="at least one attempt"):
        make_catalog().job("bread.cut", attempts=attempts, timeout=timeout)


def test_refuses_a_handler_without_a_model_of_parameters() -> None:
    def no_params(context: JobContext[str]) -> None: ...
    def untyped(context: JobContext[str], params: dict[str, str]) -> None: ...

    for handler in (no_params, untyped):
        with pytest.raises(TypeError, match="with a pydantic model"):
            make_catalog().job("bread.cut")(handler)


def test_a_schedule_needs_a_known_kind_and_a_second_at_least() -> None:
    catalog = make_catalog()
    catalog.schedule("bread.bake", every=timedelta(minutes=1), params=Params())
    assert [each.kind for each in catalog.schedules] == ["bread.bake"]
    with pytest.raises(ValueError, match="at least a second"):
        catalog.schedule("bread.bake", every=timedelta(milliseconds=1), params=Params())
    catalog.schedule("bread.burn", every=timedelta(minutes=1), params=Params())
    with pytest.raises(KeyError):
        _ = catalog.schedules


def test_backoff_doubles_up_to_its_longest() -> None:
    backoff = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=5))
    assert [backoff.after(attempt).total_seconds() for attempt in (1, 2, 3, 4, 10_000)] == [1, 2, 4, 5, 5]
