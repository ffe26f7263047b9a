"""Import every module of the service: proves, while the image is built, that nothing it needs was left out."""

import importlib
import pkgutil

import llmkit
import rag
import servicekit

for package in (servicekit, llmkit, rag):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".testkit" not in module.name and not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
