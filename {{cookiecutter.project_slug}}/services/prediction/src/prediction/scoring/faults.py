"""Rows that do not fit the model."""

from collections.abc import Callable, Mapping

NAMED = 20


class BadRows(Exception):
    """A file was to be refused if a row does not fit, and rows do not."""

    def __init__(self, faults: Mapping[str, str], *, more: bool) -> None:
        self.faults = faults
        named = "; ".join(f"{place}: {fault}" for place, fault in list(faults.items())[:NAMED])
        rest = " There may be more." if more or len(faults) > NAMED else ""
        super().__init__(f"Rows do not fit the model. {named}.{rest}")


def refuse(faults: Mapping[int, str], place: Callable[[int], str]) -> None:
    """Raise `BadRows` if there are faults; `place` names the place in the file of their keys."""
    if faults:
        positions = sorted(faults)[:NAMED]
        raise BadRows({place(at): faults[at] for at in positions}, more=True)
