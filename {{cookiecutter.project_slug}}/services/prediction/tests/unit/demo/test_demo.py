import argparse
import io
import json

import httpx2
import numpy as np
import pytest

from prediction.demo.cli import add_commands
from prediction.demo.client import Service
from prediction.demo.data import NEW_UNIT, REPEATS, shifted_columns, tell
from prediction.demo.play import MODEL, run
from prediction.settings import PredictionSettings
from servicekit.narrator import DemoFailed, Narrator
from servicekit.testkit.settings import make_settings

STORY = tell()


def reading(row) -> str:
    """Diagnose by the largest radius, whatever its unit is thought to be."""
    return "malignant" if row["worst radius"] > 16.8 else "benign"


def rereading(row) -> str:
    return (
        "malignant"
        if row["worst radius"] > (16.8 if row["worst area"] > 4.5 * row["worst radius"] ** 2 else 8.4)
        else "benign"
    )


class ScriptedService:
    """A service that plays its part; single answers can be overridden by `lies`."""

    def __init__(self, **lies) -> None:
        self.lies = lies
        self.existing = {MODEL}  # the story was told before
        self.versions = 0
        self.checks = 0
        self.sent: list[tuple[str, str]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.sent.append((request.method, path))
        for part, answer in self.lies.items():
            if path.endswith(part):
                return answer(self) if callable(answer) else answer
        return self.answer(request, path)

    def answer(self, request: httpx2.Request, path: str) -> httpx2.Response:
        body = json.loads(request.content) if request.content[:1] == b"{" else {}
        if path == "/readyz":
            return reply({})
        if path == "/v1/datasets":
            return reply({"id": "d1"})
        if path.endswith("/predict"):
            return reply(self.predict(body["rows"]))
        if path == "/v1/feedback":
            return reply({"not_found": 0})
        if path.startswith("/v1/jobs/"):
            return reply(self.job(path.rsplit("/", 1)[1]))
        if path.endswith(("/trainings", "/drift")):
            return reply({"id": path.rsplit("/", 1)[1]}, 202)
        if path.endswith("/retrainings"):
            entry = {"rows": 630, "outcome": "Version 2 is the new champion.", "promoted": True}
            return reply({"retrainings": [entry]})
        if path.endswith("/online"):
            accuracy = {"accuracy": {"value": 0.97, "low": 0.9, "high": 1.0}}
            entry = {"version": "1", "variant": "champion", "labelled": 210, "metrics": accuracy}
            return reply({"versions": [entry]})
        if "/versions/" in path:
            return reply({"metrics": {"accuracy": 0.97}})
        name = path.rsplit("/", 1)[1]
        return reply({"champion": {"version": str(self.versions)}}, 200 if name in self.existing else 404)

    def predict(self, rows) -> dict:
        read = reading if self.versions == 1 else rereading
        predictions = [{"id": str(n), "label": read(row)} for n, row in enumerate(rows)]
        return {"version": str(self.versions), "predictions": predictions}

    def job(self, name: str) -> dict:
        result = {
            "trainings": self.train,
            "drift": self.check,
            "r1": self.retrain,
        }[name]()
        progress = {"fraction": 1.0, "message": None}
        return {"state": "succeeded", "kind": name, "progress": progress, "result": result, "error": None}

    def train(self) -> dict:
        self.versions = 1
        self.existing.add(f"{MODEL}-2")
        return {"version": "1", "estimator": "forest", "baseline": "Better.", "champion": True, "decision": "Champion."}

    def retrain(self) -> dict:
        self.versions = 2
        return {}

    def check(self) -> dict:
        self.checks += 1
        if self.checks == 1:
            return {"drift": {"status": "stable", "rows": 210, "columns": []}}
        names = shifted_columns(list(STORY.shifted.rows[0]))
        finding = {"metric": "accuracy", "online": {"value": 0.7, "low": 0.6, "high": 0.8}, "test": 0.97}
        return {
            "drift": {"status": "drift", "columns": [{"name": n, "drifted": True, "reason": "moved"} for n in names]},
            "quality": {"status": "breach", "findings": [finding]},
            "retraining": "started",
            "retraining_id": "r1",
        }


def reply(document, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=document)


def perform(script: ScriptedService) -> str:
    out = io.StringIO()
    with Service("http://service/", "key", transport=httpx2.MockTransport(script)) as service:
        run(service, Narrator(out))
    return out.getvalue()


def test_the_story_is_told_to_its_end_on_a_model_of_its_own() -> None:
    script = ScriptedService()
    told = perform(script)
    assert "7. What happened" in told
    assert "version 2, new unit" in told
    assert "ok: the challenger won" in told
    assert ("POST", f"/v1/models/{MODEL}-2/trainings") in script.sent


def job(kind: str, state: str, **rest) -> httpx2.Response:
    return reply({"kind": kind, "state": state, "progress": {"fraction": 1, "message": None}, "error": None} | rest)


FALSE_ALARM = {"drift": {"status": "drift", "rows": 210, "columns": []}}
LOST = {"retrainings": [{"rows": 630, "outcome": "Version 2 stays challenger.", "promoted": False}]}
LIES = {
    "is not ready": {"/readyz": reply({}, 503)},
    "POST /v1/datasets answered 422": {"/datasets": reply({"detail": "no"}, 422)},
    "every prediction is found again": {"/feedback": reply({"not_found": 3})},
    "the challenger won": {"/retrainings": reply(LOST)},
    "ended as failed: bad": {"/trainings": reply({"id": "j"}), "/jobs/j": job("training.run", "failed", error="bad")},
    "no drift in 210": {"/drift": reply({"id": "j"}), "/jobs/j": job("check", "succeeded", result=FALSE_ALARM)},
}


@pytest.mark.parametrize(("complaint", "lies"), LIES.items())
def test_the_first_thing_that_is_not_true_ends_the_story(complaint, lies) -> None:
    with pytest.raises(DemoFailed, match=complaint):
        perform(ScriptedService(**lies))


def test_a_model_that_stays_good_on_wrong_units_is_a_failed_story(monkeypatch) -> None:
    monkeypatch.setitem(NEW_UNIT, "radius", 1.0)
    with pytest.raises(DemoFailed, match="answers got worse"):
        perform(ScriptedService())


def test_a_service_that_is_not_there_is_said_so() -> None:
    with Service("http://127.0.0.1:9", "key") as service, pytest.raises(DemoFailed, match="make dev"):
        service.require_ready()


def test_a_job_that_does_not_end_ends_the_story() -> None:
    running = {"state": "running", "kind": "training.run", "progress": {"fraction": 0.5, "message": "busy"}}
    script = ScriptedService(**{"/jobs/j1": reply(running)})
    with (
        Service("http://service", "key", transport=httpx2.MockTransport(script)) as service,
        pytest.raises(DemoFailed, match="did not end"),
    ):
        service.follow("j1", lambda *_: None, timeout=0)


def test_a_model_that_is_not_served_yet_is_waited_for() -> None:
    script = ScriptedService(**{"/predict": reply({}, 404)})
    with Service("http://service", "key", transport=httpx2.MockTransport(script)) as service:
        assert service.answering("m", {"a": 1.0}) is None


def test_the_data_is_real_and_only_the_unit_moves() -> None:
    moved = shifted_columns(list(STORY.calm.rows[0]))
    assert len(moved) == 9
    assert len(STORY.shifted) == len(STORY.calm) * REPEATS
    assert len(STORY.training) + len(STORY.calm) + len(STORY.later) // REPEATS == 569
    assert STORY.training.csv().count(b"\n") == len(STORY.training) + 1
    for name in STORY.calm.rows[0]:
        before = np.mean([row[name] for row in STORY.calm.rows])
        after = np.mean([row[name] for row in STORY.shifted.rows])
        assert after / before == pytest.approx(0.25 if "area" in name else 0.5 if name in moved else 1, rel=0.02)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_overwrites_itself_on_a_terminal() -> None:
    out = Terminal()
    narrator = Narrator(out)
    narrator.progress(0.1, "first")
    narrator.progress(0.1, "first")
    narrator.progress(0.2, "second")
    narrator.end_progress()
    assert out.getvalue().count("\r") == 2
    assert out.getvalue().endswith("\n")


def command(tmp_path, *arguments: str, **settings) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(), lambda: make_settings(PredictionSettings, tmp_path, **settings))
    parsed = parser.parse_args(["demo", *arguments])
    return parsed.run(parsed)


def test_the_command_needs_a_key(tmp_path, capsys) -> None:
    assert command(tmp_path, auth__development_key=None) == 2
    assert "--key" in capsys.readouterr().err


def test_the_command_fails_with_one_sentence(tmp_path, capsys) -> None:
    assert command(tmp_path, "--url", "http://127.0.0.1:9", "--key", "k") == 1
    assert capsys.readouterr().err.strip().startswith("demo: nothing answers")
