"""Serve without pieces that no setting takes out, to see what each costs: `python -m bench.without PIECE,PIECE`."""

import sys
from collections.abc import Callable

from starlette.types import Scope

from prediction.predictionlog.log import PredictionLog
from prediction.settings import PredictionSettings
from servicekit.auth.authenticator import DEVELOPMENT
from servicekit.auth.guard import ScopedGuard
from servicekit.auth.principal import Principal
from servicekit.context import SCOPE_KEY
from servicekit.http import edge
from servicekit.http.server import serve
from servicekit.settings import load_settings
from servicekit.telemetry.metrics import HttpMetrics


def remove_guard() -> None:
    """Let everybody pass as the tenant that owns the models."""
    anybody = Principal(tenant="default", subject="anybody", scopes=DEVELOPMENT.scopes)

    async def let_pass(_: ScopedGuard, scope: Scope) -> Principal:
        scope[SCOPE_KEY].principal = anybody
        return anybody

    ScopedGuard.__call__ = let_pass  # type: ignore[method-assign]  # that is the purpose


def remove_metrics() -> None:
    """Count no requests."""
    HttpMetrics.answered = lambda *_: None  # type: ignore[method-assign]  # that is the purpose


def remove_access_log() -> None:
    """Write no line per request."""
    make = edge.Edge.__init__

    def make_silent(self: edge.Edge, *arguments: object, **named: object) -> None:
        make(self, *arguments, **{**named, "access_log": lambda _: None})  # type: ignore[arg-type]  # passed on as it came

    edge.Edge.__init__ = make_silent  # type: ignore[method-assign]  # that is the purpose


def remove_prediction_log() -> None:
    """Record no prediction."""
    PredictionLog.append = lambda *_: None  # type: ignore[method-assign]  # that is the purpose


PIECES: dict[str, Callable[[], None]] = {
    "guard": remove_guard,
    "metrics": remove_metrics,
    "access-log": remove_access_log,
    "prediction-log": remove_prediction_log,
}

if __name__ == "__main__":
    for piece in sys.argv[1].split(","):
        PIECES[piece]()
    serve("prediction.app:build_app", load_settings(PredictionSettings))
