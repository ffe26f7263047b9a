"""Whether the metrics that dashboards and alert rules name are really exported.

Each service checks its own files and the shared ones, by the stems of their names:

    def test_every_metric_is_exported(exported) -> None:
        assert not named_metrics(INFRA, ("shop", *SHARED)) - exported

`exported` are the series of a running application that has done a little of everything: `series_of(registry)`.
"""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, generate_latest

SHARED = ("platform", "slo", "http", "jobs")
"""Files that are about every service."""
OF_PROMETHEUS = frozenset({"up"})
"""Series that Prometheus makes itself."""
_LABELLED = ("by", "without", "on", "ignoring", "group_left", "group_right")
_WORDS = frozenset({"and", "or", "unless", "offset", "bool", *_LABELLED})
_GROUPING = re.compile(rf"\b(?:{'|'.join(_LABELLED)})\s*\([^)]*\)")
_OFFSET = re.compile(r"\boffset\s+\w+")
_QUOTED = re.compile(r'"[^"]*"')
_SELECTORS = re.compile(r"\{[^}]*\}|\[[^]]*\]")
_NAME = re.compile(r"(?<![\w.:$])[a-zA-Z_:][\w:]*(?!\w*\s*\()")
_VARIABLE = re.compile(r"label_values\(([^,]+), \w+\)")


def named_metrics(infra: Path, stems: Collection[str]) -> set[str]:
    """Return the metrics that the files of these stems name and that no rule among all files records."""
    named = {name for expression in _expressions(infra, stems) for name in metrics_in(expression)}
    recorded = {str(rule["record"]) for rule in _rules(infra, None) if "record" in rule}
    return named - recorded - OF_PROMETHEUS


def metrics_in(expression: str) -> set[str]:
    """Return the metrics that a PromQL expression names."""
    text = _SELECTORS.sub("", _QUOTED.sub("", expression))
    text = _OFFSET.sub("", _GROUPING.sub("", text))
    return {name for name in _NAME.findall(text) if name not in _WORDS}


def series_of(registry: CollectorRegistry) -> set[str]:
    """Return the names of all series and families that a scrape would see now."""
    lines = generate_latest(registry).decode().splitlines()
    families = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    return families | {re.split(r"[ {]", line)[0] for line in lines if not line.startswith("#")}


def _expressions(infra: Path, stems: Collection[str]) -> Iterator[str]:
    for rule in _rules(infra, stems):
        yield str(rule["expr"])
    for path in sorted((infra / "grafana" / "dashboards").glob("*.json")):
        if path.stem in stems:
            dashboard = json.loads(path.read_text(encoding="utf-8"))
            yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
            yield from (_VARIABLE.sub(r"\1", variable["definition"]) for variable in dashboard["templating"]["list"])


def _rules(infra: Path, stems: Collection[str] | None) -> Iterator[dict[str, object]]:
    for path in sorted((infra / "prometheus" / "rules").glob("*.yml")):
        if stems is None or path.stem in stems:
            for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
                yield from group["rules"]
