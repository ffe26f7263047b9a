"""Usage: sums, days, models, the budget, and the switch that stops all spending."""

from datetime import UTC, datetime, timedelta

from fake_rag import FakeRag


def test_sums_days_models_and_the_budget(page) -> None:
    at = page("usage")
    assert [(one.label, one.value.replace("\\", "")) for one in at.metric] == [
        ("Cost", "$5.70"),
        ("Calls", "360"),
        ("Tokens in", "570,000"),
        ("Tokens out", "51,300"),
    ]
    days, models = (table.value for table in at.dataframe)
    assert days.iloc[0].to_list() == ["2026-11-26", 24, 52_000, 4680, 0.52]
    assert models["model"].to_list() == ["gpt-large", "offline"]
    assert at.get("progress")[0].proto.text.replace("\\", "") == "Today's budget: $1.25 of $5.00"


def test_the_time_is_chosen(rag: FakeRag, page) -> None:
    at = page("usage")
    at.segmented_control(key="usage-days").set_value(7).run()
    today = datetime.now(UTC).date()
    assert rag.asked("GET", "/v1/usage")[-1].query == {
        "since": str(today - timedelta(days=6)),
        "until": str(today),
        "by": "day,model",
    }


def test_no_usage_is_said(rag: FakeRag, page) -> None:
    rag.usage.clear()
    assert "**Nothing was used in this time**" in [element.value for element in page("usage").markdown]


def test_the_switch_asks_for_a_reason_and_a_second_thought(rag: FakeRag, page) -> None:
    at = page("usage")
    stop = next(button for button in at.button if button.label == "Stop all calls")
    stop.click().run()
    assert "Give a reason" in at.warning[0].value
    assert not rag.stop["stopped"]
    at.text_input(key="switch-reason").set_value("The bill.")
    at.checkbox(key="switch-sure").check()
    next(button for button in at.button if button.label == "Stop all calls").click().run()
    assert rag.stop["stopped"]
    assert "No model may be called since 2026-11-26 18:30 UTC (development key)" in at.error[0].value.replace("\\", "")
    at.text_input(key="switch-reason").set_value("Paid.")
    next(button for button in at.button if button.label == "Allow calls again").click().run()
    assert rag.stop["stopped"] is False
