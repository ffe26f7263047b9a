"""Jobs: what runs, what was given up and why, and what can be done."""

from fake_prediction import FakePrediction, job


def test_jobs_are_shown_with_their_state_and_reason(page) -> None:
    at = page("jobs")
    lines = [element.value for element in at.markdown if "drift" in element.value]
    assert [line.rpartition("· ")[2] for line in lines] == ["running", "given up", "succeeded"]
    assert "The data set was deleted" in at.error[0].value
    assert "Upload it again" in at.error[0].value


def test_jobs_are_narrowed_by_state(page) -> None:
    at = page("jobs")
    at.pills(key="jobs-state").set_value("succeeded").run()
    assert len([element for element in at.markdown if "drift" in element.value]) == 1
    at.pills(key="jobs-state").set_value("cancelled").run()
    assert "**No jobs**" in [element.value for element in at.markdown]


def test_a_job_is_cancelled_and_another_run_again(models: FakePrediction, page) -> None:
    at = page("jobs")
    at.button(key="cancel-j1").click().run()
    at.button(key="retry-j2").click().run()
    assert not at.exception
    assert [one["state"] for one in models.jobs] == ["cancelled", "queued", "succeeded"]


def test_more_jobs_are_shown_on_demand(models: FakePrediction, page) -> None:
    models.jobs = [job(f"n{number}", "succeeded") for number in range(30)]
    at = page("jobs")
    assert len([element for element in at.markdown if "drift" in element.value]) == 20
    at.button(key="jobs-more").click().run()
    assert len([element for element in at.markdown if "drift" in element.value]) == 30
