import pyarrow as pa

from prediction.datasets.sampling import Reservoir


def filled(limit: int, *, rows: int = 1_000, seed: int = 1, block: int = 100, limit_bytes: int = 10**9) -> Reservoir:
    reservoir = Reservoir(limit, limit_bytes, seed)
    for start in range(0, rows, block):
        stop = min(start + block, rows)
        reservoir.add(pa.record_batch({"row": list(range(start, stop)), "text": ["x" * 100] * (stop - start)}))
    return reservoir


def test_keeps_everything_when_it_fits() -> None:
    reservoir = filled(1_000)
    assert reservoir.table()["row"].to_pylist() == list(range(1_000))
    assert not reservoir.sampled


def test_keeps_the_limit_in_the_order_of_the_file() -> None:
    reservoir = filled(50)
    rows = reservoir.table()["row"].to_pylist()
    assert len(rows) == 50
    assert rows == sorted(rows)
    assert (reservoir.seen, reservoir.sampled) == (1_000, True)


def test_every_part_of_the_file_has_its_share() -> None:
    counts = [0] * 10
    for seed in range(40):
        for row in filled(100, seed=seed).table()["row"].to_pylist():
            counts[row // 100] += 1
    assert min(counts) > 300
    assert max(counts) < 500


def test_the_sample_depends_on_the_seed_and_not_on_the_blocks() -> None:
    assert filled(50).table() == filled(50, block=37).table().combine_chunks()
    assert filled(50).table() != filled(50, seed=2).table()


def test_wide_rows_are_halved_until_they_fit_the_bytes() -> None:
    reservoir = filled(1_000, limit_bytes=20_000)
    assert 0 < reservoir.table().nbytes <= 20_000
    assert reservoir.sampled
