"""An icon that does not exist breaks its page, and only when it is shown."""

import re
from pathlib import Path

import pytest
from streamlit.string_util import validate_material_icon

import ui

SOURCES = sorted(Path(ui.__file__).parent.rglob("*.py"))
SHORTCODE = re.compile(r":material/\w+:")
NAMED = re.compile(r"empty\(\s*\"(\w+)\"")
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
EXAMPLE = ":material/name:"  # how they are spelled, in a docstring
ICONS = sorted({*SHORTCODE.findall(TEXT), *(f":material/{name}:" for name in NAMED.findall(TEXT))} - {EXAMPLE})


@pytest.mark.parametrize("icon", ICONS)
def test_an_icon_exists(icon: str) -> None:
    validate_material_icon(icon)
