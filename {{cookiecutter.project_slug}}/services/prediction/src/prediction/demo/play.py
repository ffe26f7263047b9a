"""The story, act by act. Each act ends with what must be true; the first thing that is not ends the story."""

import time
from dataclasses import dataclass

from prediction.demo.client import Service
from prediction.demo.data import TARGET, Patients, Story, shifted_columns, tell
from servicekit.demo import Json
from servicekit.narrator import Narrator

MODEL = "breast-cancer"
BATCH = 50
GOOD, BAD, RECOVERED = 0.9, 0.8, 0.85  # accuracy
QUICK = {"estimators": ["forest", "extra-trees"], "folds": 3, "test_fraction": 0.25}  # keeps the story short
_SWAP_SECONDS = 30.0


@dataclass(slots=True)
class Play:
    """One performance on one model of its own."""

    service: Service
    narrator: Narrator
    model: str
    story: Story

    def perform(self) -> None:
        """Tell the whole story. Raises `DemoFailed`."""
        first = self.train()
        before = self.serve_calmly(first)
        after = self.change_the_microscope()
        retraining = self.notice()
        second = self.retrain(retraining)
        again = self.serve_again(second)
        self.sum_up(first, second, (before, after, again))

    def train(self) -> str:
        """Upload and train; return the version that answers."""
        story, say = self.story, self.narrator.say
        self.narrator.act("A laboratory trains a model to read biopsies")
        dataset = self.service.upload(f"{self.model}.csv", story.training.csv())
        say(f"{len(story.training)} patients with 30 measurements each uploaded as data set {dataset['id']}")
        order = {"dataset": dataset["id"], "target": TARGET, "options": QUICK}
        job = self.service.post(f"/v1/models/{self.model}/trainings", order)
        trained = self.follow(job["id"])
        version = str(trained["version"])
        say(f"{trained['estimator']}. {trained['baseline']}")
        self.narrator.expect(bool(trained["champion"]), trained["decision"])
        say(f"version {version} on its held-out test set: {self.test_metrics(version)}")
        return version

    def serve_calmly(self, version: str) -> float:
        """Predict and label as long as all is well; return the accuracy."""
        self.narrator.act("New patients come, the model answers, the truth arrives later")
        self.wait_for(version)
        accuracy = self.answer(self.story.calm)
        online = self.online(version)
        self.narrator.say(
            f"online accuracy from {online['labelled']} labels: {_interval(online['metrics']['accuracy'])}"
        )
        self.narrator.expect(accuracy >= GOOD, f"at least {GOOD:.0%} of the answers are right ({accuracy:.1%})")
        report = self.check()["drift"]
        self.narrator.expect(report["status"] == "stable", f"no drift in {report['rows']} predictions")
        return accuracy

    def change_the_microscope(self) -> float:
        """Predict and label in the new unit; return the accuracy."""
        self.narrator.act("A new microscope reports lengths in another unit, and nobody tells the model")
        accuracy = self.answer(self.story.shifted)
        self.narrator.expect(accuracy < BAD, f"answers got worse ({accuracy:.1%} right)")
        return accuracy

    def notice(self) -> str:
        """Check for drift; return the retraining that this started."""
        self.narrator.act("Monitoring looks at the last predictions")
        found = self.check()
        drifted = {column["name"]: column for column in found["drift"]["columns"] if column["drifted"]}
        moved = shifted_columns(list(self.story.shifted.rows[0]))
        for name in [name for name in moved if name in drifted][:4]:
            self.narrator.say(f"drift in {name}: {drifted[name]['reason']}")
        caught = sum(name in drifted for name in moved)
        self.narrator.expect(found["drift"]["status"] == "drift", "the check reports drift")
        self.narrator.expect(caught == len(moved), f"all {len(moved)} columns that changed their unit are named")
        for finding in found["quality"]["findings"]:
            self.narrator.say(
                f"{finding['metric']} {_interval(finding['online'])}, on the test set {finding['test']:.3f}"
            )
        self.narrator.expect(found["quality"]["status"] == "breach", "the labels say that answers got worse")
        self.narrator.expect(found["retraining"] == "started", "a retraining has started by itself")
        return str(found["retraining_id"])

    def retrain(self, retraining: str) -> str:
        """Wait for the retraining; return the version that answers now."""
        self.narrator.act("The model learns from the labelled predictions")
        before = self.champion()
        self.follow(retraining)
        entry = self.service.get(f"/v1/models/{self.model}/retrainings")["retrainings"][0]
        self.narrator.say(f"{entry['rows']} labelled predictions; {entry['outcome']}")
        self.narrator.expect(bool(entry["promoted"]), "the challenger won against the champion and was promoted")
        self.narrator.expect(self.champion() != before, f"version {self.champion()} is champion now")
        return self.champion()

    def serve_again(self, version: str) -> float:
        """Predict with the new champion; return the accuracy."""
        self.narrator.act("Patients whom no version has learned from, read by the new champion")
        self.wait_for(version)
        accuracy = self.answer(self.story.later)
        self.narrator.expect(
            accuracy >= RECOVERED, f"at least {RECOVERED:.0%} of the answers are right again ({accuracy:.1%})"
        )
        return accuracy

    def sum_up(self, first: str, second: str, accuracies: tuple[float, float, float]) -> None:
        """Print the figures and where to look on."""
        say, url = self.narrator.say, self.service.url
        self.narrator.act("What happened")
        before, after, again = accuracies
        say(f"version {first}, old unit   {before:6.1%} right")
        say(f"version {first}, new unit   {after:6.1%} right")
        say(f"version {second}, new unit   {again:6.1%} right")
        say("")
        say(f"API and its documentation   {url}/docs")
        say(f"metrics                     {url}/metrics")
        say(f"drift reports               {url}/v1/models/{self.model}/drift")
        say(f"who was promoted, and why   {url}/v1/models/{self.model}/events")
        say("dashboards                  http://127.0.0.1:3000 (with `make up PROFILES=observability`)")

    def answer(self, patients: Patients) -> float:
        """Predict every patient, send what was found in the operation, and return the share of right answers."""
        right = 0
        for batch in patients.batches(BATCH):
            predictions = self.service.predict(self.model, batch.rows)["predictions"]
            pairs = list(zip(predictions, batch.diagnoses, strict=True))
            right += sum(prediction["label"] == truth for prediction, truth in pairs)
            items = [{"prediction_id": prediction["id"], "label": truth} for prediction, truth in pairs]
            told = self.service.post("/v1/feedback", {"items": items})
            if told["not_found"]:
                self.narrator.expect(False, "every prediction is found again when its label arrives")
        self.narrator.say(f"{len(patients)} predictions made and labelled")
        return right / len(patients)

    def check(self) -> Json:
        """Check for drift now and return what was found."""
        job = self.service.post(f"/v1/models/{self.model}/drift")
        return self.follow(job["id"])

    def follow(self, job_id: str) -> Json:
        """Wait for a job, showing its progress."""
        try:
            return self.service.follow(job_id, self.narrator.progress)
        finally:
            self.narrator.end_progress()

    def champion(self) -> str:
        """Return the version in charge."""
        return str(self.service.get(f"/v1/models/{self.model}")["champion"]["version"])

    def test_metrics(self, version: str) -> str:
        """Return a version's figures on its held-out test set."""
        metrics = self.service.get(f"/v1/models/{self.model}/versions/{version}")["metrics"]
        return ", ".join(f"{name} {metrics[name]:.3f}" for name in ("accuracy", "roc_auc") if name in metrics)

    def online(self, version: str) -> Json:
        """Return the online metrics of a version's answers."""
        versions = self.service.get(f"/v1/models/{self.model}/metrics/online")["versions"]
        return next(entry for entry in versions if entry["version"] == version and entry["variant"] == "champion")

    def wait_for(self, version: str) -> None:
        """Wait until answers come from a version: processes look for releases every other second."""
        deadline = time.monotonic() + _SWAP_SECONDS
        row = self.story.calm.rows[0]
        while (answered := self.service.answering(self.model, row)) != version:
            if time.monotonic() > deadline:
                self.narrator.expect(False, f"version {version} answers ({answered} does)")
            time.sleep(0.5)
        self.narrator.say(f"version {version} answers")


def _interval(estimate: Json) -> str:
    return f"{estimate['value']:.3f} (95 % interval {estimate['low']:.3f} to {estimate['high']:.3f})"


def run(service: Service, narrator: Narrator) -> None:
    """Perform the story on a model name that is free, so that it can be told again. Raises `DemoFailed`."""
    service.require_ready()
    number, model = 1, MODEL
    while service.exists(f"/v1/models/{model}"):
        number += 1
        model = f"{MODEL}-{number}"
    Play(service, narrator, model, tell()).perform()
