from bench.extras import csv_of, multipart, predicted_rows
from bench.measurement import Cases

CASES = Cases(features=["a", "b"], rows=[[1.0, 2.5], [3.0, 4.0]], probabilities={})


def test_the_file_has_a_header_and_the_wanted_number_of_rows() -> None:
    assert csv_of(CASES, 3) == b"a,b\n1.0,2.5\n3.0,4.0\n1.0,2.5\n"


def test_the_form_holds_the_file_between_its_boundaries() -> None:
    body, kind = multipart(b"a,b\n")
    boundary = kind.partition("boundary=")[2].encode()
    assert body.startswith(b"--" + boundary + b"\r\n")
    assert body.endswith(b"\r\n\r\na,b\n\r\n--" + boundary + b"--\r\n")


def test_predicted_rows_are_summed_over_models() -> None:
    samples = ['predictions_total{model="a"} 2.0', 'predictions_total{model="b"} 3.0', "other_total 9.0"]
    metrics = "\n".join(["# HELP predictions_total x", *samples])
    assert predicted_rows(metrics) == 5.0
    assert predicted_rows("") == 0.0
