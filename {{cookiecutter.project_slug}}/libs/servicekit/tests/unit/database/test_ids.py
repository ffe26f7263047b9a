import time
from concurrent.futures import ThreadPoolExecutor

from servicekit.database import uuid7


def test_ids_are_version_7_and_sort_by_the_order_of_their_making() -> None:
    ids = [uuid7() for _ in range(5000)]
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert ids == sorted(ids)


def test_ids_tell_the_time_of_their_making() -> None:
    before = time.time_ns() // 1_000_000
    stamp = uuid7().int >> 80
    assert before <= stamp <= time.time_ns() // 1_000_000 + 1


def test_ids_made_by_threads_at_once_differ() -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: uuid7(), range(4000)))
    assert len(set(ids)) == len(ids)
