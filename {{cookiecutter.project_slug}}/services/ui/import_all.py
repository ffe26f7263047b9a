"""Import every module of the service: proves, while the image is built, that nothing it needs was left out."""

import importlib
import pkgutil

import ui

SCRIPTS = ("ui.main", "ui.start", "ui.__main__")  # what these and the `pages` do is done while they are imported

for module in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
    if module.name not in SCRIPTS and ".pages." not in module.name:
        importlib.import_module(module.name)
