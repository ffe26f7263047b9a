"""All prompts of a service, and which version of each answers."""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal

import structlog

from llmkit.prompts.errors import PromptError, PromptNotFound
from llmkit.prompts.files import Prompt, read_prompt
from llmkit.prompts.settings import PromptSettings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which versions of a prompt answer, by weight, and who says so."""

    weights: Mapping[str, int]
    source: Literal["switched", "settings", "newest"]


class PromptStore:
    """Prompts in memory. What was switched while the service runs wins over the settings, these over the newest."""

    def __init__(self, prompts: Sequence[Prompt], settings: PromptSettings | None = None) -> None:
        self._prompts: dict[str, dict[str, Prompt]] = {}
        for prompt in sorted(prompts, key=lambda prompt: (prompt.ref.name, int(prompt.ref.version))):
            self._prompts.setdefault(prompt.ref.name, {})[prompt.ref.version] = prompt
        self._chosen = self._of_settings(settings or PromptSettings())
        self._switched: dict[str, Mapping[str, int]] = {}

    @classmethod
    def load(cls, folder: Path, settings: PromptSettings | None = None) -> "PromptStore":
        """Read all prompt files of a folder; PromptError when one, or a setting about one, is not right."""
        paths = sorted(folder.glob("*/*.md"))
        if not paths:
            raise PromptError(f"{folder}: there are no prompts <name>/<version>.md")
        return cls([read_prompt(path) for path in paths], settings)

    def names(self) -> tuple[str, ...]:
        """Return the names of all prompts."""
        return tuple(self._prompts)

    def versions(self, name: str) -> tuple[Prompt, ...]:
        """Return the versions of a prompt, oldest first; PromptNotFound when there is no such prompt."""
        return tuple(self._versions_of(name).values())

    def get(self, name: str, version: str) -> Prompt:
        """Return one version; PromptNotFound when there is no such one."""
        found = self._versions_of(name).get(version)
        if found is None:
            raise PromptNotFound(f"There is no version {version[:20]} of prompt {name}.")
        return found

    def choose(self, name: str, key: str | None = None) -> Prompt:
        """Return the version that answers.

        Where two share the calls, the same key always falls to the same one; without a key it is the heaviest.
        """
        weights = self.selection(name).weights
        if len(weights) == 1:
            return self.get(name, next(iter(weights)))
        if key is None:
            return self.get(name, max(weights, key=lambda version: weights[version]))
        bounds = list(accumulate(weights.values()))
        digest = hashlib.sha256(f"{name}\n{key}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") * bounds[-1] >> 64  # from 0 to just below the sum of weights
        return self.get(name, list(weights)[bisect_right(bounds, place)])

    def selection(self, name: str) -> Selection:
        """Return which versions of a prompt answer; PromptNotFound when there is no such prompt."""
        versions = self._versions_of(name)
        if name in self._switched:
            return Selection(self._switched[name], "switched")
        if name in self._chosen:
            return Selection(self._chosen[name], "settings")
        return Selection({list(versions)[-1]: 1}, "newest")

    def switch(self, switched: Mapping[str, Mapping[str, int]]) -> None:
        """Take over what was switched, all of it at once; versions that this release does not have are left out."""
        kept: dict[str, Mapping[str, int]] = {}
        for name, weights in switched.items():
            known = self._prompts.get(name, {})
            usable = {version: weights[version] for version in sorted(weights, key=_number) if version in known}
            if len(usable) < len(weights):
                _log.warning("prompt_version_missing", prompt=name, versions=sorted(weights.keys() - usable.keys()))
            if usable:
                kept[name] = usable
        self._switched = kept

    def _versions_of(self, name: str) -> dict[str, Prompt]:
        if name not in self._prompts:
            raise PromptNotFound(f"There is no prompt {name[:64]}.")
        return self._prompts[name]

    def _of_settings(self, settings: PromptSettings) -> dict[str, Mapping[str, int]]:
        for name in sorted(settings.versions.keys() & settings.split.keys()):
            raise PromptError(f"PROMPTS__VERSIONS and PROMPTS__SPLIT both name {name}")
        chosen = {name: {version: 1} for name, version in settings.versions.items()}
        chosen |= {name: dict(weights) for name, weights in settings.split.items()}
        for name, weights in chosen.items():
            for version in weights:
                if version not in self._prompts.get(name, {}):
                    raise PromptError(f"PROMPTS__VERSIONS or PROMPTS__SPLIT names {name} {version}, which is not there")
        return dict(chosen)


def _number(version: str) -> tuple[int, str]:
    return (int(version), version) if version.isdecimal() else (0, version)
