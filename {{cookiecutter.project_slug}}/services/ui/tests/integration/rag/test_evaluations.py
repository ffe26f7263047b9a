"""Evaluation: started, followed, read with intervals, compared."""

from fake_rag import FakeRag
from rag_samples import T1, evaluation, finished_evaluation, job


def test_evaluations_are_listed_and_opened(rag: FakeRag, page) -> None:
    at = page("evaluations")
    assert "recall at 5 0.91" in "".join(element.value for element in at.caption)
    id = rag.evaluations[0]["id"]
    at.button(key=f"open-{id}").click().run()
    assert not at.exception
    assert at.query_params["evaluation"] == id
    assert [tab.label for tab in at.tabs] == ["Metrics", "Comparison", "Questions"]
    at.button(key="evaluation-back").click().run()
    assert "evaluation" not in at.query_params


def test_metrics_have_intervals_and_a_comparison_has_verdicts(rag: FakeRag, page) -> None:
    at = page("evaluations", evaluation=rag.evaluations[0]["id"])
    table = at.dataframe[0].value
    assert list(table.columns) == ["metric", "value", "low", "high", "questions"]
    assert table.iloc[0].to_list() == ["recall at 5", 0.91, 0.85, 0.97, 60]
    verdicts = [element.value for element in at.markdown if "change" in element.value]
    assert [verdict.rpartition("· ")[2] for verdict in verdicts] == ["better", "not shown", "worse"]


def test_amounts_are_told_but_not_drawn_among_shares(rag: FakeRag, page) -> None:
    at = page("evaluations", evaluation=rag.evaluations[0]["id"])
    assert at.dataframe[0].value["metric"].to_list()[-1] == "tokens"
    drawn = at.get("vega_lite_chart")[0].proto.spec
    assert "abstention" in drawn
    assert "tokens" not in drawn


def test_questions_are_narrowed_to_the_bad_ones(rag: FakeRag, page) -> None:
    at = page("evaluations", evaluation=rag.evaluations[0]["id"])
    assert len([one for one in at.expander if "?" in one.label]) == 3
    at.toggle(key="evaluation-bad").set_value(True).run()
    assert [one.label.rpartition(": ")[2] for one in at.expander if "?" in one.label] == [
        "How much was left after costs?",
        "Who is the chair's dentist?",
    ]
    at.pills(key="evaluation-kind").set_value("single-hop").run()
    assert "**No question fits**" in [element.value for element in at.markdown]


def test_one_is_started_with_two_configurations_and_followed(rag: FakeRag, page) -> None:
    at = page("evaluations")
    at.toggle(key="evaluation-compare").set_value(True).run()
    at.selectbox(key="first-mode").select("hybrid")
    at.selectbox(key="second-mode").select("dense").run()
    at.button(key="evaluation-start").click().run()
    assert not at.exception
    (request,) = rag.asked("POST", "/v1/evaluations")
    assert request.json == {"set": "project", "retrieval": {"mode": "hybrid"}, "compare_with": {"mode": "dense"}}
    assert [bar.proto.text for bar in at.get("progress")] == ["question 24 of 60"]
    id = at.query_params["evaluation"]
    rag.jobs[id] = job(id, "succeeded")
    rag.evaluations = [{**finished_evaluation(), "id": id}]
    at.run()
    assert [tab.label for tab in at.tabs] == ["Metrics", "Comparison", "Questions"]


def test_one_that_has_failed_says_why(rag: FakeRag, page) -> None:
    at = page("evaluations", evaluation=rag.evaluations[1]["id"])
    assert "There is nothing to search" in at.error[0].value


def test_one_that_ended_without_a_result_says_so(rag: FakeRag, page) -> None:
    rag.evaluations = [evaluation("e1", "project", "failed")]
    rag.jobs["e1"] = job("e1", "cancelled", finished_at=T1)
    assert "without a result" in page("evaluations", evaluation="e1").info[0].value


def test_without_evaluations_the_page_invites(rag: FakeRag, page) -> None:
    rag.evaluations.clear()
    assert "**No evaluation yet**" in [element.value for element in page("evaluations").markdown]
