"""The estimate beside counts of real tokenizers, noted when the weights were fitted."""

import time

import pytest

from rag.chunking.tokens import estimate

PROSE = (
    "Retries belong to one layer only. A client that retries inside a service that retries multiplies the load on the "
    "provider exactly when it can bear it least, and nobody can say any more how long a request may take in the end."
)
CODE = (
    "def settle(self, reservation: Reservation, usage: Usage) -> Money:\n"
    "    cost = self._prices.cost(usage.model, usage.input_tokens, usage.output_tokens)\n"
    '    self._redis.incrbyfloat(f"spent:{reservation.tenant}", float(cost - reservation.amount))\n'
    "    return cost\n"
)
TABLE = (
    "| Segment | 2024 | 2023 | Change |\n| --- | --- | --- | --- |\n| North | 1,234.5 | 1,100.2 | 12.2% |\n"
    "| South | 987.6 | (45.3) | n/a |\n| Total | 2,222.1 | 1,054.9 | 110.6% |\n"
)
GERMAN = (
    "Die Gesellschaft hat im Geschäftsjahr einen Umsatz von 1.234,5 Millionen Euro erzielt, was gegenüber dem "
    "Vorjahr einer Steigerung um 7,3 Prozent entspricht. Der Aufsichtsrat überwachte die Geschäftsführung und beriet "
    "den Vorstand."
)
CHINESE = "公司在本财政年度实现营业收入十二亿元，较上年增长百分之七。董事会定期召开会议，审议合并财务报表。"  # noqa: RUF001 - its own punctuation


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (PROSE, (48, 47, 48)),
        (CODE, (60, 60, 70)),
        (TABLE, (85, 85, 83)),
        (GERMAN, (68, 53, 71)),
        (CHINESE, (55, 35, 54)),
    ],
)
def test_the_estimate_is_near_what_tokenizers_count(text: str, counted: tuple[int, ...]) -> None:
    mean = sum(counted) / len(counted)
    assert 0.75 * mean <= estimate(text) <= 1.25 * mean


def test_an_empty_text_counts_as_one() -> None:
    assert estimate("") == 1


def test_counting_is_fast() -> None:
    text = PROSE * 5_000
    begin = time.process_time()
    estimate(text)
    assert len(text) / (time.process_time() - begin) > 10_000_000
