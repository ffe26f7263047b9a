"""Serving's figures for Prometheus. They are plain numbers read at scrape time: counting costs the hot path nothing.

Only models in memory appear, so the number of series is bounded by SERVING__MAX_LOADED_MODELS. The tenant is no label:
models of the same name are added up.
"""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from prediction.serving.loader import ModelLoader
from prediction.serving.served import ServedModels
from prediction.serving.shadow import Shadows


class ServingCollector(Collector):
    """Reads the figures of one process."""

    def __init__(self, models: ServedModels, loader: ModelLoader, shadows: Shadows) -> None:
        self._models = models
        self._loader = loader
        self._shadows = shadows

    def register(self, registry: CollectorRegistry) -> None:
        """Make the figures part of /metrics."""
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Return the figures of this moment."""
        yield self._predictions()
        yield GaugeMetricFamily("prediction_models_loaded", "Models in memory.", value=len(self._models.slots))
        yield GaugeMetricFamily(
            "prediction_degraded",
            "1 while models serve although the registry is away or a released version cannot be loaded.",
            value=1 if self._models.degraded else 0,
        )
        yield CounterMetricFamily("prediction_swaps", "Times a model's slot was exchanged.", value=self._models.swaps)
        loads = CounterMetricFamily("prediction_loads", "Versions that were to be loaded.", labels=["result"])
        for result in ("loaded", "refused", "failed"):
            loads.add_metric([result], getattr(self._loader.counts, result))
        yield loads
        shadows = CounterMetricFamily("prediction_shadows", "Requests that were to be shadowed.", labels=["result"])
        for result in ("answered", "failed", "dropped"):
            shadows.add_metric([result], getattr(self._shadows.counts, result))
        yield shadows
        yield GaugeMetricFamily("prediction_shadow_queue", "Requests waiting.", value=self._shadows.waiting)

    def _predictions(self) -> Metric:
        totals: Counter[tuple[str, str, str]] = Counter()
        for slot in list(self._models.slots.values()):
            for model in slot.loaded():
                for variant, rows in model.answered.items():
                    totals[slot.name, model.version.version, variant] += rows
        family = CounterMetricFamily("predictions", "Rows answered.", labels=["model", "version", "variant"])
        for labels, rows in sorted(totals.items()):
            if rows:
                family.add_metric(labels, rows)
        return family
