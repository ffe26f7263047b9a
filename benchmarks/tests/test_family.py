from bench.family import descendants, read_members

LISTING = """\
    1     0  1024 init
   10     1  2048 python
   12    11   512 worker of worker
   11    10  1024 worker
   20     1  4096 python
"""


def test_a_family_is_a_process_and_everyone_below_it() -> None:
    found = descendants(read_members(LISTING), 10)
    assert [(member.number, member.name, member.megabytes) for member in found] == [
        (10, "python", 2.0),
        (11, "worker", 1.0),
        (12, "worker of worker", 0.5),
    ]


def test_a_process_that_has_ended_has_no_family() -> None:
    assert descendants(read_members(LISTING), 99) == []
