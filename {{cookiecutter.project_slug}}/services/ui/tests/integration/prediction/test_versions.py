"""Versions: roles, metrics and plots, promotion and rollback after a second look."""

from fake_prediction import FakePrediction
from streamlit.testing.v1 import AppTest

DIALOG = """
from ui.sections.prediction.releases import confirm_promotion, confirm_rollback
from ui.sections.prediction.service import prediction
model = prediction().models().items[0]
if model.challenger and model.previous:
    {call}
"""


def dialog(call: str) -> AppTest:
    """Open a dialog in each run: the test driver does not keep it open like a browser."""
    return AppTest.from_string(DIALOG.format(call=call), default_timeout=20).run()


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def test_roles_metrics_plots_and_the_log(page) -> None:
    at = page("versions")
    assert [(one.label, one.value) for one in at.metric][:3] == [
        ("Champion", "version 2"),
        ("Challenger", "version 3"),
        ("Before", "version 1"),
    ]
    assert any("answers 10 % of the requests, and predicts the rest unseen" in one.value for one in at.caption)
    table = at.dataframe[0].value
    assert table["version"].to_list() == ["3", "2", "1"]
    assert table["role"].to_list() == ["challenger", "champion", "previous"]
    assert len(at.get("vega_lite_chart")) == 4
    assert any("urgent" in one.value for one in at.caption)


def test_a_promotion_asks_first(models: FakePrediction, page) -> None:
    at = press(page("versions"), "promote-3")
    assert any("From now on: **version 3**" in one.value for one in at.markdown)
    assert not models.asked("POST", ".*promote")


def test_a_version_is_promoted_after_a_second_look(models: FakePrediction) -> None:
    at = press(dialog("confirm_promotion(model, model.challenger)"), "promote-yes")
    assert models.asked("POST", ".*promote")[0].json == {"version": "3", "force": False, "reason": ""}
    assert at.session_state["notices"] == ["Version 3 answers for iris."]


def test_what_the_gate_refuses_is_shown_and_may_be_forced_with_a_reason(models: FakePrediction) -> None:
    models.refuse = True
    at = press(dialog("confirm_promotion(model, model.challenger)"), "promote-yes")
    assert "worse than the champion" in at.error[0].value
    at.checkbox(key="promote-force").check().run()
    assert at.button(key="promote-yes").disabled
    at.text_input(key="promote-reason").set_value("known better").run()
    press(at, "promote-yes")
    assert models.asked("POST", ".*promote")[-1].json == {"version": "3", "force": True, "reason": "known better"}


def test_the_champion_before_comes_back_after_a_second_look(models: FakePrediction, page) -> None:
    press(page("versions"), "rollback")
    assert not models.asked("POST", ".*rollback")
    at = dialog("confirm_rollback(model)")
    at.text_input(key="rollback-reason").set_value("slow")
    press(at, "rollback-yes")
    assert models.asked("POST", ".*rollback")[0].json == {"reason": "slow"}
    assert page("versions").button(key="rollback").disabled


def test_the_champion_is_not_offered_for_promotion(page) -> None:
    at = page("versions")
    choice = next(field for field in at.selectbox if field.label == "Version")
    choice.select_index(1).run()
    assert not [button for button in at.button if str(button.key).startswith("promote-")]


def test_without_versions_the_page_says_so(models: FakePrediction, page) -> None:
    models.versions.clear()
    assert "**There is no version yet**" in [element.value for element in page("versions").markdown]
