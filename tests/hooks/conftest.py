"""The hooks as modules: un-rendered they are ordinary Python files."""

import importlib.util
from types import ModuleType

import pytest
from bakery import REPOSITORY


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "hooks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def pre_gen() -> ModuleType:
    return load("pre_gen_project")


@pytest.fixture(scope="session")
def post_gen() -> ModuleType:
    return load("post_gen_project")
