import json

import pytest
from prometheus_client import CollectorRegistry, Counter

from servicekit.testkit.observability import metrics_in, named_metrics, series_of


def test_names_are_found_in_expressions() -> None:
    found = metrics_in(
        'sum by (job, le) (rate(http_x_bucket{route!~"a|b", le="0.2"}[5m] offset 30m)) / a:b:c > 14.4 * 0.005'
        " unless on (job) topk(3, y) == bool 1 and z"
    )
    assert found == {"http_x_bucket", "a:b:c", "y", "z"}


@pytest.fixture
def infra(tmp_path):
    rules, dashboards = tmp_path / "prometheus" / "rules", tmp_path / "grafana" / "dashboards"
    rules.mkdir(parents=True)
    dashboards.mkdir(parents=True)
    own = {"groups": [{"rules": [{"alert": "A", "expr": "up == 0 or shop_orders > job:slow"}]}]}
    (rules / "shop.yml").write_text(json.dumps(own))
    (rules / "slo.yml").write_text(json.dumps({"groups": [{"rules": [{"record": "job:slow", "expr": "slow"}]}]}))
    panel = {"targets": [{"expr": "rate(shop_prices_total[5m])"}]}
    variable = {"definition": "label_values(shop_models, model)"}
    shop = {"panels": [panel], "templating": {"list": [variable]}}
    (dashboards / "shop.json").write_text(json.dumps(shop))
    return tmp_path


def test_the_files_of_one_service_are_read_and_recorded_series_are_known(infra) -> None:
    assert named_metrics(infra, ["shop"]) == {"shop_orders", "shop_prices_total", "shop_models"}
    assert named_metrics(infra, ["slo"]) == {"slow"}
    assert named_metrics(infra, ["elsewhere"]) == set()


def test_series_and_families_of_a_registry_are_named() -> None:
    registry = CollectorRegistry()
    Counter("orders", "Orders", ["kind"], registry=registry).labels("new").inc()
    assert {"orders_total", "orders_created"} <= series_of(registry)
