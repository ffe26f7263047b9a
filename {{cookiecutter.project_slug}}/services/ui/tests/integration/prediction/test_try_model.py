"""Trying a model: a form made of its schema, an answer with its reasons."""

from fake_prediction import FakePrediction
from fake_service import problem
from streamlit.testing.v1 import AppTest


def predict(page: AppTest) -> AppTest:
    next(button for button in page.button if button.label.startswith("Predict")).click().run()
    assert not page.exception
    return page


def test_a_typical_row_is_predicted_and_explained(models: FakePrediction, page) -> None:
    at = predict(page("try_model"))
    (request,) = models.asked("POST", "/v1/models/iris/predict")
    assert request.json == {"rows": [{"length": 4.3, "width": 1.3}], "explain": True}
    assert [(one.label, one.value) for one in at.metric] == [("species", "setosa"), ("Probability", "90.0%")]
    assert "**What moved the answer most**" in [element.value for element in at.markdown]


def test_what_is_typed_is_sent(models: FakePrediction, page) -> None:
    at = page("try_model")
    at.number_input[0].set_value(6.6)
    predict(at)
    assert models.asked("POST", ".*predict")[0].json["rows"] == [{"length": 6.6, "width": 1.3}]
    assert at.number_input[0].help == "Training saw 1 to 7"


def test_every_kind_of_column_has_its_field(models: FakePrediction, page) -> None:
    at = predict(page("try_model", model="rents"))
    (request,) = models.asked("POST", "/v1/models/rents/predict")
    assert request.json["rows"] == [
        {"area": 60.5, "rooms": 2, "city": "Köln", "balcony": None, "listed": "2026-01-01T00:00:00+00:00"}
    ]
    assert [(one.label, one.value) for one in at.metric] == [("rent", "1,234")]


def test_a_column_that_needs_a_value_is_named(models: FakePrediction, page) -> None:
    del models.schemas["rents"]["example"]["rows"][0]["area"]
    at = predict(page("try_model", model="rents"))
    assert at.warning[0].value == "Fill in: area"
    assert not models.asked("POST", ".*predict")


def test_a_row_that_moves_nothing_says_so(models: FakePrediction, page) -> None:
    models.contribution = 0
    at = predict(page("try_model"))
    assert any("nothing moved the answer" in element.value for element in at.caption)


def test_a_row_that_is_refused_is_explained(models: FakePrediction, page) -> None:
    errors = [{"name": "rows[0].length", "message": "must be a number"}]
    models.fail("POST", ".*predict", problem(422, "invalid_row", "The row does not fit.", errors=errors))
    at = predict(page("try_model"))
    assert "rows\\[0\\]\\.length: must be a number" in at.error[0].value


def test_the_choice_of_a_model_is_kept_for_the_other_pages(models: FakePrediction, page) -> None:
    at = page("try_model")
    at.selectbox(key="model-choice").select("rents").run()
    assert at.query_params["model"] == "rents"
    at.switch_page("sections/prediction/pages/drift.py").run()
    assert at.selectbox(key="model-choice").value == "rents"


def test_a_model_without_a_champion_says_what_is_missing(models: FakePrediction, page) -> None:
    models.models["iris"]["champion"] = None
    assert "**This model has no champion**" in [element.value for element in page("try_model").markdown]


def test_without_models_the_way_to_one_is_told(models: FakePrediction, page) -> None:
    models.models.clear()
    for name in ("try_model", "versions", "drift"):
        assert any("make train" in element.value for element in page(name).caption)
