"""Delete the components that were not chosen, write `.env`, and say what to type next."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ANSWERS = r'{{ cookiecutter | tojson }}'  # fmt: skip


def delete_others(project: Path, components: dict[str, list[str]], chosen: set[str]) -> None:
    """Remove what belongs only to components that were not chosen, and folders that this leaves empty."""
    for name in components.keys() - chosen:
        for owned in components[name]:
            path = project / owned
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            for parent in path.relative_to(project).parents[:-1]:
                if (project / parent).is_dir() and not any((project / parent).iterdir()):
                    (project / parent).rmdir()


def write_env(project: Path) -> None:
    """Let the project make its `.env`, with secrets of its own; one that exists is kept."""
    subprocess.run([sys.executable, "-B", "scripts/dotenv.py"], cwd=project, check=True, stdout=subprocess.DEVNULL)


def farewell(project: Path, shell_folder: str, left_out: list[str]) -> str:
    """Say what to type next, and which of the milestone's components are missing."""
    folder = project.name if str(project.parent) == shell_folder else str(project)
    last = "make dev       # install and run everything on this machine, with no key and no Docker"
    if not (project / "services").is_dir():
        last = "make check     # install, and see every test of the platform library pass"
    note = f"\nLeft out of the milestone: {', '.join(left_out)}.\n" if left_out else ""
    return f"""
Generated {project.name}.
{note}
  cd {shlex.quote(folder)}
  make           # what there is to do
  {last}
"""


def main(answers: dict[str, Any], project: Path) -> None:
    """Finish the generated project."""
    chosen = {name.strip() for name in answers["components"].split(",")}
    delete_others(project, answers["_components"], chosen)
    write_env(project)
    left_out = sorted(set(answers["_milestones"][answers["milestone"]]) - chosen)
    sys.stdout.write(farewell(project, os.environ.get("PWD", ""), left_out))


if __name__ == "__main__":
    main(json.loads(ANSWERS), Path.cwd())
