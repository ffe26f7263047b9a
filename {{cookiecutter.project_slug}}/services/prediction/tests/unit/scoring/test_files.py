"""Scoring whole files: the same numbers as one row at a time, in the same kind of file."""

import csv
import json

import pyarrow.parquet
import pytest

from prediction.datasets.errors import DatasetRefused
from prediction.scoring.faults import BadRows
from prediction.scoring.schemas import OnError


def expected(scorer, rows) -> list[float]:
    return scorer.predict(scorer.encoder.encode_mappings(rows)).tolist()


def read_csv(path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_a_csv_file_comes_back_with_the_models_answers(flats_scorer, flat_rows, write_csv, score) -> None:
    target, rows, skipped = score(flats_scorer, write_csv(flat_rows))
    scored = read_csv(target)
    assert (rows, skipped) == (3, 0)
    assert [float(row["prediction"]) for row in scored] == expected(flats_scorer, flat_rows)
    assert [row["no"] for row in scored] == ["1", "2", "3"]
    assert list(scored[0]) == [*flat_rows[0], "prediction"]


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8"), ("\t", "utf-8-sig"), (";", "cp1252"), (",", "utf-16")]
)
def test_the_way_a_csv_file_is_written_does_not_matter(
    flats_scorer, flat_rows, write_csv, score, delimiter, encoding
) -> None:
    target, _, _ = score(flats_scorer, write_csv(flat_rows, delimiter=delimiter, encoding=encoding))
    scored = read_csv(target, delimiter)
    assert [float(row["prediction"]) for row in scored] == expected(flats_scorer, flat_rows)
    assert scored[1]["city"] == "Köln"


def test_a_parquet_file_keeps_its_types(flats_scorer, flat_rows, write_parquet, score) -> None:
    source = write_parquet(flat_rows)
    target, rows, _ = score(flats_scorer, source)
    before, after = pyarrow.parquet.read_table(source), pyarrow.parquet.read_table(target)
    assert rows == 3
    assert after.drop_columns(["prediction"]).equals(before)
    assert after["prediction"].to_pylist() == expected(flats_scorer, flat_rows)


def test_json_lines_keep_their_fields(flats_scorer, flat_rows, write_jsonl, score) -> None:
    target, rows, _ = score(flats_scorer, write_jsonl(flat_rows))
    scored = [json.loads(line) for line in target.read_text().splitlines()]
    assert rows == 3
    assert [row.pop("prediction") for row in scored] == expected(flats_scorer, flat_rows)
    assert scored == flat_rows


def test_classifiers_add_label_and_probabilities(flowers_scorer, write_csv, score) -> None:
    rows = [{"sepal length (cm)": 5, "sepal width (cm)": 3, "petal length (cm)": length} for length in (1.4, 6)]
    target, _, _ = score(flowers_scorer, write_csv(rows))
    for row, probabilities in zip(read_csv(target), expected(flowers_scorer, rows), strict=True):
        best = max(range(3), key=probabilities.__getitem__)
        assert row["prediction"] == flowers_scorer.schema.classes[best]
        assert float(row["probability"]) == probabilities[best]
        assert [float(row[f"probability_{name}"]) for name in flowers_scorer.schema.classes] == probabilities


BAD = {"no": 9, "area": "wide", "rooms": 2.5, "city": "Paris", "balcony": "maybe", "listed": "soon"}
NAMED = ("'area' has 'wide'", "'rooms' has '2.5'", "'city' has 'Paris'", "'balcony' has 'maybe'", "'listed' has 'soon'")


def test_bad_rows_refuse_a_csv_file_and_are_named(flats_scorer, flat_rows, write_csv, score) -> None:
    with pytest.raises(BadRows) as raised:
        score(flats_scorer, write_csv([*flat_rows, BAD]))
    assert list(raised.value.faults) == ["line 5 (row 4)"]
    for part in NAMED:
        assert part in str(raised.value)


def test_lines_are_counted_as_an_editor_does(flats_scorer, tmp_path, score) -> None:
    source = tmp_path / "notes.csv"
    source.write_text('note,area,rooms,city\n"two\nlines",1,1,Berlin\n\n"x",2,many,Köln\n')
    with pytest.raises(BadRows) as raised:
        score(flats_scorer, source)
    assert list(raised.value.faults) == ["line 5 (row 2)"]


def test_bad_rows_can_be_skipped_and_say_why(flats_scorer, flat_rows, write_csv, score) -> None:
    target, rows, skipped = score(flats_scorer, write_csv([*flat_rows, BAD]), OnError.SKIP)
    scored = read_csv(target)
    assert (rows, skipped) == (4, 1)
    assert [row["prediction_error"] for row in scored[:3]] == ["", "", ""]
    assert scored[3]["prediction"] == ""
    for part in NAMED:
        assert part in scored[3]["prediction_error"]


def test_bad_lines_refuse_a_json_lines_file_and_are_named(flats_scorer, flat_rows, tmp_path, score) -> None:
    source = tmp_path / "flats.jsonl"
    source.write_text("\n\n".join([json.dumps(flat_rows[0]), json.dumps(BAD), "[1]", '{"area": NaN', '{"a":1}']))
    with pytest.raises(BadRows) as raised:
        score(flats_scorer, source)
    faults = raised.value.faults
    assert list(faults) == ["line 3", "line 5", "line 7", "line 9"]
    assert "field 'rooms' must be a number" not in faults["line 3"]
    assert "field 'rooms' must be a whole number, not 2.5" in faults["line 3"]
    assert "must be an object" in faults["line 5"]
    assert "is not a JSON object" in faults["line 7"]
    assert "field 'area' is missing" in faults["line 9"]


def test_bad_lines_can_be_skipped_and_say_why(flats_scorer, flat_rows, tmp_path, score) -> None:
    source = tmp_path / "flats.jsonl"
    source.write_text("\n".join([json.dumps(flat_rows[0]), json.dumps(BAD), "nonsense", "{}"]))
    target, rows, skipped = score(flats_scorer, source, OnError.SKIP)
    first, bad, nonsense, empty = (json.loads(line) for line in target.read_text().splitlines())
    assert (rows, skipped) == (4, 3)
    assert first["prediction_error"] is None
    assert (bad["no"], bad["prediction"]) == (9, None)
    assert set(nonsense) == {"prediction", "prediction_error"}
    assert "is missing" in empty["prediction_error"]


@pytest.mark.parametrize("missing", ["area", "rooms", "city"])
def test_missing_values_are_bad_where_training_saw_none(flats_scorer, flat_rows, write_csv, score, missing) -> None:
    with pytest.raises(BadRows, match=f"field '{missing}' is missing"):
        score(flats_scorer, write_csv([flat_rows[0], flat_rows[1] | {missing: None}]))


def test_columns_that_may_be_missing_may_be_left_out(flats_scorer, flat_rows, write_csv, score) -> None:
    rows = [{"area": 50, "rooms": 2, "city": "Köln"}, {"area": 60, "rooms": 2, "city": "Köln"}]
    target, _, _ = score(flats_scorer, write_csv(rows))
    assert [float(row["prediction"]) for row in read_csv(target)] == expected(flats_scorer, rows)


def test_a_column_that_the_model_needs_must_be_there(flats_scorer, write_csv, score) -> None:
    with pytest.raises(DatasetRefused, match="lacks columns that the model needs: rooms, city") as raised:
        score(flats_scorer, write_csv([{"area": 1, "x": 2}]))
    assert raised.value.code == "missing_columns"


def test_a_file_that_has_predictions_already_is_refused(flats_scorer, flat_rows, write_csv, score) -> None:
    with pytest.raises(DatasetRefused) as raised:
        score(flats_scorer, write_csv([row | {"prediction": 1} for row in flat_rows]))
    assert raised.value.code == "column_taken"


@pytest.mark.parametrize(("name", "content"), [("a.csv", b""), ("a.csv", b"area,rooms,city\n"), ("a.jsonl", b" \n{")])
def test_files_without_rows_are_refused(flats_scorer, tmp_path, score, name, content) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises((DatasetRefused, BadRows)):
        score(flats_scorer, tmp_path / name)


def test_a_large_file_is_scored_in_chunks_and_reports_progress(flats_scorer, flat_rows, tmp_path) -> None:
    from prediction.scoring.files import score_file

    source = tmp_path / "large.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in flat_rows * 7_000))
    seen = []
    score_file(flats_scorer, source, tmp_path / "out", OnError.REFUSE, lambda *step: seen.append(step))
    assert [rows for rows, _ in seen] == [8192, 16384, 21000]
    assert seen[-1][1] == 1


def test_parquet_values_of_the_wrong_type_are_bad(flats_scorer, flat_rows, write_parquet, score) -> None:
    rows = [row | {"balcony": 1, "listed": 5, "area": True} for row in flat_rows]
    with pytest.raises(BadRows, match="instead of a finite number"):
        score(flats_scorer, write_parquet(rows))


def test_parquet_timestamps_are_moments(flats_scorer, flat_rows, write_parquet, score) -> None:
    from datetime import datetime

    moments = [row | {"listed": row["listed"] and datetime.fromisoformat(row["listed"])} for row in flat_rows]
    target, _, _ = score(flats_scorer, write_parquet(moments))
    assert pyarrow.parquet.read_table(target)["prediction"].to_pylist() == expected(flats_scorer, flat_rows)
