"""A program and all the processes that it started, also those that left its process group."""

import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Member:
    """One process."""

    number: int
    parent: int
    megabytes: float  # resident
    name: str

    def threads(self) -> list[int]:
        """Return the numbers of its threads; none when it has ended."""
        folder = Path(f"/proc/{self.number}/task")
        return [int(thread.name) for thread in folder.iterdir()] if folder.exists() else []


def family(first: int) -> list[Member]:
    """Return a process and its descendants, parents before children."""
    command = ["ps", "-A", "-o", "pid=,ppid=,rss=,comm="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    return descendants(read_members(listing.stdout), first)


def read_members(listing: str) -> list[Member]:
    """Read process number, parent, resident kB and program name from each line of `ps`."""
    split = (line.split(None, 3) for line in listing.splitlines())
    return [Member(int(number), int(parent), int(size) / 1024, name.strip()) for number, parent, size, name in split]


def descendants(members: list[Member], first: int) -> list[Member]:
    """Return the member with the number `first` and everyone below it."""
    children: defaultdict[int, list[Member]] = defaultdict(list)
    for member in members:
        children[member.parent].append(member)
    found = [member for member in members if member.number == first]
    for member in found:  # grows while it is walked
        found += children[member.number]
    return found
