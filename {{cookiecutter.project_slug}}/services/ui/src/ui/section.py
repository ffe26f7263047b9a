"""What a service brings along: a folder in `sections/` that says who it is and which pages it has.

Nothing else names a service. A folder that is deleted takes its pages with it; a new folder is found by itself.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent / "sections"


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page: the script `pages/<name>.py` in the section's folder."""

    name: str
    """Also the last part of its address, so it is unique among all sections."""
    title: str
    icon: str
    """A Material symbol, as `:material/name:`."""
    purpose: str = ""
    """One sentence for the start page; a page without one is reached by links only."""
    alone: bool = False
    """Whether it is shown without the menu: its link is given to people who are to see nothing else."""

    @property
    def listed(self) -> bool:
        """Whether the menu shows it."""
        return bool(self.purpose)


@dataclass(frozen=True, slots=True)
class Section:
    """The pages of one service."""

    name: str
    """The service's name: the folder's, and the prefix of its variables."""
    title: str
    rank: int
    """Sections are shown in this order."""
    default_url: str
    """Where the service listens when `make dev` runs."""
    pages: tuple[PageSpec, ...]

    def script(self, page: PageSpec) -> Path:
        """Return the file that Streamlit runs for a page."""
        return FOLDER / self.name / "pages" / f"{page.name}.py"


def discover(folder: Path = FOLDER, package: str = "ui.sections") -> tuple[Section, ...]:
    """Return the sections that are present, in order."""
    return tuple(sorted(_sections(folder, package), key=lambda section: (section.rank, section.name)))


def _sections(folder: Path, package: str) -> Iterator[Section]:
    for found in pkgutil.iter_modules([str(folder)]):
        module: ModuleType = importlib.import_module(f"{package}.{found.name}")
        section: Section = module.SECTION
        yield section
