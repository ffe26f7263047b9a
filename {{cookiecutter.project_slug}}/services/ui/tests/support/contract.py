"""Whether a fake service and the pages that ask it keep to the OpenAPI document of the real one."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

SERVICES = Path(__file__).parents[3]
MEDIA_TYPE, EVENTS = "application/json", "text/event-stream"


class Contract:
    """The OpenAPI document of a service of this project."""

    def __init__(self, service: str) -> None:
        self._document = json.loads((SERVICES / service / "openapi.json").read_text(encoding="utf-8"))
        self._paths = {
            path: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)) for path in sorted(self._document["paths"])
        }
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}

    def complaints(self, method: str, path: str, sent: object, status: int, answered: object) -> list[str]:
        """Say what of a request and its answer is not as the document says; None stands for a body that is no JSON."""
        found = [known for known, pattern in self._paths.items() if pattern.fullmatch(path)]
        operations = [(known, operation) for known in found if (operation := self._operation(known, method))]
        if not operations:
            return [f"{method} {path}: there is no such route"]
        known, operation = operations[0]
        asked = self._check((known, method, "requestBody"), operation.get("requestBody"), sent)
        if str(status) not in operation["responses"]:
            return [*asked, f"{method} {path}: never answers {status}"]
        given = self._check((known, method, str(status)), operation["responses"][str(status)], answered)
        return [f"{method} {path}: {complaint}" for complaint in asked + given]

    def event_complaints(self, method: str, path: str, name: str, data: object) -> list[str]:
        """Say what of one event of a stream is not as the document says."""
        known = next((known for known, pattern in self._paths.items() if pattern.fullmatch(path)), None)
        operation = self._operation(known, method) if known else None
        content = ((operation or {}).get("responses", {}).get("200", {})).get("content", {})
        schemas = {
            each["properties"]["event"]["const"]: each["properties"]["data"]["contentSchema"]
            for each in content.get(EVENTS, {}).get("schema", {}).get("oneOf", [])
        }
        if name not in schemas:
            return [f"{method} {path}: never sends the event {name}"]
        given = self._valid((str(known), method, "event", name), schemas[name], data)
        return [f"{method} {path}: {complaint}" for complaint in given]

    def _operation(self, path: str, method: str) -> Any:  # noqa: ANN401 - JSON
        return self._document["paths"][path].get(method.lower())

    def _check(self, place: tuple[str, ...], content: Any, body: object) -> list[str]:  # noqa: ANN401 - JSON
        schema = (content or {}).get("content", {}).get(MEDIA_TYPE, {}).get("schema")
        return [] if schema is None or body is None else self._valid(place, schema, body)

    def _valid(self, place: tuple[str, ...], schema: Any, body: object) -> list[str]:  # noqa: ANN401 - JSON
        if place not in self._validators:
            components = {"components": self._document["components"]}
            self._validators[place] = Draft202012Validator({**components, "allOf": [schema]})
        error = best_match(self._validators[place].iter_errors(body))
        return [f"{place[-1]}: {error.json_path} {error.message[:200]}"] if error else []


@cache
def contract_of(service: str) -> Contract:
    """Return a service's contract, read once for all tests."""
    return Contract(service)
