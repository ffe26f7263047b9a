"""Drift: what a check found, quality and retrainings, and a check on demand."""

from fake_prediction import T0, T1, FakePrediction, job, report


def test_what_has_drifted_is_shown_with_its_reason(page) -> None:
    at = page("drift")
    table = at.dataframe[0].value
    assert table["column"].to_list() == ["length", "width"]
    assert table["why"].to_list() == ["the distribution has moved", ""]
    assert at.expander[0].label == "Earlier checks (2)"


def test_too_few_rows_are_explained(models: FakePrediction, page) -> None:
    models.drift = [report("not_enough_data", 12)]
    assert page("drift").info[0].value == "A check needs 200 predictions within the window; there are 12."


def test_a_check_is_started_and_followed(models: FakePrediction, page) -> None:
    at = page("drift")
    at.button(key="check-drift").click().run()
    assert [bar.proto.text for bar in at.get("progress")] == ["reading"]
    models.jobs[0] = job("check", "succeeded")
    at.run()
    assert not at.exception
    assert [toast.value for toast in at.toast] == ["The check is done."]
    assert at.button(key="check-drift")


def test_a_check_that_fails_says_why(models: FakePrediction, page) -> None:
    at = page("drift")
    at.button(key="check-drift").click().run()
    error = {"code": "no_reference", "detail": "There is no reference.", "hint": "Train again."}
    models.jobs[0] = job("check", "dead_letter", error=error)
    at.run()
    assert "There is no reference" in at.error[0].value


def test_quality_and_retrainings(models: FakePrediction, page) -> None:
    metric = {"value": 0.93, "low": 0.9, "high": 0.96}
    models.quality = [
        {"version": "2", "variant": "champion", "predictions": 900, "labelled": 450, "labelled_share": 0.5,
         "first_at": T0, "last_at": T1, "metrics": {"accuracy": metric}},
    ]  # fmt: skip
    models.retrainings = [
        {"id": "r1", "version": "2", "trigger": "drift", "reason": "length has moved", "created_at": T1, "rows": 900,
         "challenger": "3", "promoted": True, "outcome": "better"},
    ]  # fmt: skip
    at = page("drift")
    assert [(one.label, one.value, one.delta) for one in at.metric] == [("accuracy", "0.93", "0.9 to 0.96")]
    assert any("made version 3 · promoted · better" in one.value for one in at.caption)


def test_nothing_yet_is_said_everywhere(models: FakePrediction, page) -> None:
    models.drift = []
    shown = [element.value for element in page("drift").markdown]
    assert {"**No check yet**", "**No predictions in this window**", "**No retraining so far**"} <= set(shown)
