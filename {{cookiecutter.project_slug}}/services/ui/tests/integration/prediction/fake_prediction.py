"""The service of models, as its HTTP contract says, with two models in memory."""

from contract import contract_of
from fake_service import FakeService, Json, Request, Response, problem

T0, T1 = "2026-11-20T09:00:00Z", "2026-11-26T18:30:00Z"
Thing = dict[str, Json]


def version(number: int, loss: float) -> Thing:
    metrics = {"log_loss": loss, "accuracy": 0.96}
    tags = {"estimator": "linear", "source": "iris.csv"}
    return {"version": str(number), "created_at": T0, "bundle_sha256": "0" * 64, "metrics": metrics, "tags": tags}


def card() -> Thing:
    interval = {"value": 0.96, "low": 0.9, "high": 1.0}
    profile = {
        "format": "csv", "total_rows": 150, "complete": True, "rows": 150, "sampled": False, "duplicate_rows": 1,
        "columns": [],
    }  # fmt: skip
    return {
        "target": "species", "task": "multiclass", "classes": ["setosa", "versicolor"], "created_at": T0,
        "data": {
            "source": "iris.csv", "profile": profile, "features": ["length", "width"], "dropped": {}, "leaking": [],
            "notes": ["1 rows are exact repetitions of others"], "training_rows": 120, "held_out_rows": 30,
            "split": "hash",
        },
        "training": {
            "model": "linear", "score": "log loss", "search_rows": 120, "folds": 5, "calibration": None, "options": {},
            "trials": [{"name": "linear 1", "family": "linear", "score": 0.1, "deviation": 0.02, "seconds": 1}],
            "seconds": 0.7, "notes": [],
        },
        "metrics": {"accuracy": interval, "log_loss": {"value": 0.06, "low": 0.02, "high": 0.14}},
        "baseline": "Better than a model that ignores all features.", "beats_baseline": True, "threshold": None,
        "importances": [{"feature": "length", "loss_increase": 1.7, "deviation": 0.2}],
        "slices": [{"feature": "width", "value": "[1, 2)", "rows": 9, "loss": 0.4, "ratio": 2.0}],
        "parity": "equal", "limits": ["The model repeats patterns of its training data."],
    }  # fmt: skip


def rent_schema() -> Thing:
    """A regression with every kind of column."""
    columns: Thing = {
        "area": {"type": "number", "description": "training saw 20 to 200"},
        "rooms": {"type": "integer"},
        "city": {"enum": ["Berlin", "Köln"]},
        "balcony": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        "listed": {"anyOf": [{"type": "string", "description": "ISO 8601; without a zone: UTC"}, {"type": "null"}]},
    }
    row = {"type": "object", "properties": columns, "required": ["area", "rooms", "city"]}
    example = {"area": 60.5, "rooms": 2, "city": "Köln", "balcony": None, "listed": "2026-01-01T00:00:00Z"}
    return schema("rents", "regression", "rent", row, example)


def iris_schema() -> Thing:
    columns = {name: {"type": "number", "description": "training saw 1 to 7"} for name in ("length", "width")}
    return schema("iris", "multiclass", "species", {"properties": columns}, {"length": 4.3, "width": 1.3})


def schema(model: str, task: str, target: str, row: Thing, example: Thing) -> Thing:
    request = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}}
    return {
        "model": model, "version": "2", "task": task, "target": target, "classes": [], "request": request,
        "example": {"rows": [example]},
    }  # fmt: skip


def column(name: str, drifted: bool) -> Thing:
    return {
        "name": name, "role": "feature", "kind": "numeric", "drifted": drifted, "psi": 0.41 if drifted else 0.02,
        "reason": "the distribution has moved" if drifted else None, "distance": 0.3, "p_value": 0.001,
        "missing_share": 0.0, "reference_missing_share": 0.0, "missing_p_value": None,
    }  # fmt: skip


def report(status: str, rows: int, *columns: Thing) -> Thing:
    return {
        "model": "iris", "version": "2", "status": status, "created_at": T1, "window_start": T0, "window_end": T1,
        "rows": rows, "minimum_rows": 200, "truncated": False, "columns": list(columns),
    }  # fmt: skip


def job(id: str, state: str, **more: Json) -> Thing:
    ended = T1 if state in ("succeeded", "cancelled", "dead_letter") else None
    return {
        "id": id, "kind": "drift.check", "state": state, "attempt": 1, "result": None, "error": None,
        "progress": {"fraction": 0.5, "message": "reading"}, "created_at": T0, "started_at": T0, "finished_at": ended,
        **more,
    }  # fmt: skip


class FakePrediction(FakeService):
    """`refuse` lets the gate refuse a promotion that is not forced."""

    def __init__(self) -> None:
        super().__init__(contract_of("prediction"))
        self.refuse = False
        self.versions = [version(3, 0.04), version(2, 0.06), version(1, 0.09)]
        self.models: Thing = {name: self._model(name) for name in ("iris", "rents")}
        self.schemas = {"iris": iris_schema(), "rents": rent_schema()}
        self.contribution = 0.4
        self.drift = [report("drift", 900, column("length", True), column("width", False)), report("stable", 800)]
        self.quality: list[Thing] = []
        self.retrainings: list[Thing] = []
        self.jobs = [job("j1", "running"), job("j2", "dead_letter", error=_error()), job("j3", "succeeded")]
        self._routes_of_models()
        self.add("GET", "/v1/jobs", self._job_page)
        self.add("GET", "/v1/jobs/{id}", lambda _, id: self._job(id))
        self.add("POST", "/v1/jobs/{id}/{verb}", self._act)

    def _model(self, name: str) -> Thing:
        three, two, one = self.versions
        return {
            "name": name, "champion": two, "challenger": three, "previous": one, "canary_percent": 10, "shadow": True,
            "task": "multiclass",
        }  # fmt: skip

    def _routes_of_models(self) -> None:
        self.add("GET", "/v1/models", lambda _: {"items": list(self.models.values())})
        at = "/v1/models/{name}"
        self.add("GET", f"{at}/versions", lambda _, name: {"items": self.versions})
        self.add("GET", f"{at}/versions/{{version}}", self._version)
        self.add("GET", f"{at}/schema", lambda _, name: self.schemas[name])
        self.add("POST", f"{at}/predict", self._predict)
        self.add("POST", f"{at}/promote", self._promote)
        self.add("POST", f"{at}/rollback", self._roll_back)
        self.add("GET", f"{at}/events", lambda _, name: {"items": [_event()]})
        self.add("GET", f"{at}/drift", self._drift)
        self.add("POST", f"{at}/drift", self._check)
        self.add("GET", f"{at}/metrics/online", self._online)
        self.add("GET", f"{at}/retrainings", lambda _, name: {"model": name, "retrainings": self.retrainings})

    def _version(self, _: Request, name: str, version: str) -> Thing:
        return next(one for one in self.versions if one["version"] == version) | {"card": card()}

    def _predict(self, request: Request, name: str) -> Thing:
        (row,) = request.json["rows"]
        feature, value = next(iter(row.items()))
        part = {"feature": feature, "value": value, "typical": value, "contribution": self.contribution}
        classes = {"setosa": 0.9, "versicolor": 0.1}
        one = {"label": "setosa", "probability": 0.9, "probabilities": classes} if name == "iris" else {"value": 1234.5}
        prediction = {"id": "p1", **one, "explanation": [part]}
        return {"model": name, "version": "2", "variant": "champion", "predictions": [prediction]}

    def _promote(self, request: Request, name: str) -> Json:
        if self.refuse and not request.json["force"]:
            return problem(409, "gate_refused", "Version 3 is worse than the champion.", "Force it with a reason.")
        chosen = next(one for one in self.versions if one["version"] == request.json["version"])
        model = self.models[name]
        self.models[name] = model | {"champion": chosen, "previous": model["champion"], "challenger": None}
        return self.models[name]

    def _roll_back(self, _: Request, name: str) -> Thing:
        model = self.models[name]
        self.models[name] = model | {"champion": model["previous"], "previous": None}
        return self.models[name]

    def _drift(self, _: Request, name: str) -> Thing:
        return {"model": name, "latest": self.drift[0] if self.drift else None, "reports": self.drift}

    def _check(self, _: Request, name: str) -> Response:
        self.jobs.insert(0, job("check", "running"))
        return Response(202, self.jobs[0])

    def _online(self, _: Request, name: str) -> Thing:
        return {"model": name, "window_start": T0, "window_end": T1, "versions": self.quality}

    def _job_page(self, request: Request) -> Thing:
        state, limit = request.query.get("state"), int(request.query["limit"])
        found = [one for one in self.jobs if state in (None, one["state"])]
        return {"items": found[:limit], "next_cursor": "more" if len(found) > limit else None}

    def _job(self, id: str) -> Thing:
        return next(one for one in self.jobs if one["id"] == id)

    def _act(self, _: Request, id: str, verb: str) -> Response:
        self._job(id)["state"] = "cancelled" if verb == "cancel" else "queued"
        return Response(200 if verb == "cancel" else 202, self._job(id))


def _error() -> Thing:
    return {"code": "dataset_gone", "detail": "The data set was deleted.", "hint": "Upload it again."}


def _event() -> Thing:
    return {
        "id": "e1", "at": T1, "action": "promoted", "version": "2", "actor": "ci", "forced": True, "reason": "urgent",
        "details": {},
    }  # fmt: skip
