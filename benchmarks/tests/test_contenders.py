import json

from bench.contenders import LIMITS, MLFLOW, PEER_CONTENDERS, PEERS


def test_every_contender_has_a_pinned_and_hashed_environment_without_addresses() -> None:
    for contender in (*PEER_CONTENDERS, *LIMITS):
        lock = (PEERS / contender.environment / "requirements.lock").read_text()
        pins = [line for line in lock.splitlines() if not line.startswith((" ", "#"))]
        assert pins
        assert all("==" in line and line.endswith("\\") for line in pins)
        assert "://" not in lock


def test_a_request_is_one_row_with_its_true_length() -> None:
    contender = next(one for one in PEER_CONTENDERS if one.name == MLFLOW)
    head, _, body = contender.request(1, ["a", "b"], [1.5, 2.0], {"X-API-Key": "k"}).partition(b"\r\n\r\n")
    assert json.loads(body) == {"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, 2.0]]}}
    assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
    assert b"X-API-Key: k" in head.split(b"\r\n")


def test_names_tell_contenders_apart() -> None:
    names = [contender.name for contender in (*PEER_CONTENDERS, *LIMITS)]
    assert len(names) == len(set(names))
