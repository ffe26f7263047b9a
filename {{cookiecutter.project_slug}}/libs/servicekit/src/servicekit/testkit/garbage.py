"""Collects garbage between tests instead of in the middle of them.

Coverage asks at every call in which greenlet it is. When the collector happened to run inside a traced call, its
callbacks are traced as well, and twice a test process never came out of that. It is also quicker: a collection in the
middle of a test looks at everything that the test has in its hands.
"""

import gc
import sys

import pytest

RARELY = (200_000, 50, 100)
"""Thresholds of the collector itself: a test that makes very much still does not run out of memory."""
YOUNG_OBJECTS = 20_000
"""After so many new ones they are looked at; everything is, after `WHOLE` of such looks."""
WHOLE = 50


class GarbageBetweenTests:
    """The plugin."""

    def __init__(self) -> None:
        self._looks = 0
        gc.set_threshold(*RARELY)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """Look at what the test has left."""
        if gc.get_count()[0] > YOUNG_OBJECTS:
            self._looks += 1
            trace = sys.gettrace()
            sys.settrace(None)
            try:
                gc.collect(2 if self._looks % WHOLE == 0 else 0)
            finally:
                sys.settrace(trace)
