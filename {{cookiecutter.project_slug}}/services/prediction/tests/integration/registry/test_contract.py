"""What every model registry must do."""

from pathlib import Path
from typing import Protocol

import pytest

from prediction.artifacts.bundle import verify
from prediction.registry.errors import ModelNotFound
from prediction.registry.ports import Alias, ModelRegistry, TrainedModel


class Trainer(Protocol):
    def train(self, *, seed: int, baseline: bool = True, job_id: str = "") -> TrainedModel: ...


def test_an_empty_registry_answers(any_registry: ModelRegistry) -> None:
    any_registry.ping()
    assert list(any_registry.models()) == []
    assert any_registry.version_of_job("acme", "rents", "job") is None


def test_versions_are_numbered_and_newest_first(any_registry: ModelRegistry, trainer: Trainer) -> None:
    first = any_registry.register("acme", "rents", trainer.train(seed=1))
    second = any_registry.register("acme", "rents", trainer.train(seed=2))
    assert [version.version for version in any_registry.versions("acme", "rents")] == ["2", "1"]
    assert any_registry.version("acme", "rents", "1") == first
    assert second.metrics == {"rmse": 1.5}
    assert second.tags["task"] == "regression"
    assert second.created_at >= first.created_at


def test_tenants_do_not_see_each_other(any_registry: ModelRegistry, trainer: Trainer) -> None:
    any_registry.register("acme", "rents", trainer.train(seed=1))
    any_registry.register("acme-", "rents", trainer.train(seed=1))
    any_registry.register("it's/100%", "rents", trainer.train(seed=2))
    assert set(any_registry.models()) == {("acme", "rents"), ("acme-", "rents"), ("it's/100%", "rents")}
    assert len(any_registry.versions("acme", "rents")) == 1
    assert any_registry.versions("it's/100%", "rents")[0].tenant == "it's/100%"
    with pytest.raises(ModelNotFound):
        any_registry.versions("globex", "rents")


def test_roles_move_and_go(any_registry: ModelRegistry, trainer: Trainer) -> None:
    for seed in (1, 2):
        any_registry.register("acme", "rents", trainer.train(seed=seed))
    any_registry.set_alias("acme", "rents", Alias.CHAMPION, "1")
    any_registry.set_alias("acme", "rents", Alias.PREVIOUS, "1")
    any_registry.set_alias("acme", "rents", Alias.CHAMPION, "2")
    assert any_registry.aliases("acme", "rents") == {Alias.CHAMPION: "2", Alias.PREVIOUS: "1"}
    any_registry.remove_alias("acme", "rents", Alias.PREVIOUS)
    any_registry.remove_alias("acme", "rents", Alias.PREVIOUS)
    assert any_registry.all_aliases() == {("acme", "rents"): {Alias.CHAMPION: "2"}}


def test_a_bundle_comes_back_as_it_was_sealed(any_registry: ModelRegistry, trainer: Trainer, tmp_path: Path) -> None:
    version = any_registry.register("acme", "rents", trainer.train(seed=1))
    verify(any_registry.download(version, tmp_path / "down"), version.bundle_sha256)
    assert [path.name for path in any_registry.download_evaluation(version, tmp_path / "down").iterdir()] == [
        "heldout.parquet"
    ]


def test_a_job_registers_once(any_registry: ModelRegistry, trainer: Trainer) -> None:
    trained = trainer.train(seed=1, job_id="job-7")
    first = any_registry.register("acme", "rents", trained)
    assert any_registry.register("acme", "rents", trained) == first
    assert any_registry.version_of_job("acme", "rents", "job-7") == first
    assert any_registry.version_of_job("acme", "rents", "job-8") is None
    assert len(any_registry.versions("acme", "rents")) == 1


@pytest.mark.parametrize("version", ["9", "latest", "-1", ""])
def test_what_is_not_there_is_not_found(any_registry: ModelRegistry, trainer: Trainer, version: str) -> None:
    any_registry.register("acme", "rents", trainer.train(seed=1))
    with pytest.raises(ModelNotFound):
        any_registry.version("acme", "rents", version)
    with pytest.raises(ModelNotFound):
        any_registry.aliases("acme", "nothing")
    with pytest.raises(ModelNotFound):
        any_registry.set_alias("acme", "rents", Alias.CHAMPION, "9")
    with pytest.raises(ModelNotFound):
        any_registry.remove_alias("acme", "nothing", Alias.CHAMPION)
