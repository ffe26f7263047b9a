"""What the service of documents answers, as its HTTP contract says."""

import uuid

from fake_service import Json

Thing = dict[str, Json]
T0, T1 = "2026-11-20T09:00:00Z", "2026-11-26T18:30:00Z"
PAGES = [
    "Annual report 2025\n\nContents",
    "Revenue grew to $4.2 million in 2025, up from $3.1 million,\nbecause subscriptions doubled.\n\n"
    "Costs were $2.9 million. <b>No debt</b> remained.",
    "Outlook\n\nThe board expects further growth.",
]
QUOTE = "Revenue grew to $4.2 million in 2025, up from $3.1 million, because subscriptions doubled."


def new_id() -> str:
    return str(uuid.uuid4())


def document(name: str, state: str = "ready", **more: Json) -> Thing:
    return {
        "id": new_id(), "name": name, "media_type": "application/pdf", "size": 1_284_000, "sha256": "0" * 64,
        "pages": len(PAGES), "chunks": 48, "state": state, "searchable": state == "ready",
        "progress": {"fraction": 1.0, "message": None},
        "error": None,
        "tags": [], "metadata": {}, "created_at": T0, "updated_at": T0, **more,
    }  # fmt: skip


def job(id: str, state: str, **more: Json) -> Thing:
    ended = None if state in ("queued", "running") else T1
    return {
        "id": id, "kind": "evaluation.run", "state": state, "attempt": 1, "result": None, "error": None,
        "progress": {"fraction": 0.4, "message": "question 24 of 60"}, "created_at": T0, "started_at": T0,
        "finished_at": ended, **more,
    }  # fmt: skip


def evaluation(id: str, name: str, state: str, **more: Json) -> Thing:
    return {
        "id": id, "set": name, "cases": 60, "state": state, "created_at": T1, "finished_at": None, "mlflow_run": None,
        "metrics": {}, "report": None, "comparison": None, **more,
    }  # fmt: skip


def estimate(value: float, spread: float = 0.06) -> Thing:
    return {
        "value": value,
        "low": round(max(0, value - spread), 6),
        "high": round(min(1, value + spread), 6),
        "cases": 60,
    }


def difference(first: float, second: float, spread: float, verdict: str) -> Thing:
    change = round(second - first, 6)
    low, high = round(change - spread, 6), round(change + spread, 6)
    return {"first": first, "second": second, "difference": change, "low": low, "high": high, "verdict": verdict}


def finished_evaluation() -> Thing:
    metrics = {
        "recall_at_5": estimate(0.91), "mrr": estimate(0.83), "ndcg_at_10": estimate(0.86),
        "citation_precision": estimate(0.95), "groundedness": estimate(0.97), "abstention": estimate(0.9, 0.1),
        "tokens": {"value": 1180.0, "low": 990.0, "high": 1300.0, "cases": 60},
    }  # fmt: skip
    rows = [
        {
            "id": f"case-{number}", "kind": kind, "question": question, "expected": expected, "answer": answer,
            "abstained": answer is None, "found": ["report.pdf"], "citations": [], "scores": scores, "error": error,
            "judge": None,
        }
        for number, (kind, question, expected, answer, scores, error) in enumerate(
            [
                ("single-hop", "What was the revenue in 2025?", "$4.2 million", "$4.2 million", {"recall": 1.0}, None),
                ("multi-hop", "How much was left after costs?", "$1.3 million", "$4.2 million", {"recall": 0.0}, None),
                ("unanswerable", "Who is the chair's dentist?", "", None, {}, "model_overloaded"),
            ]
        )
    ]  # fmt: skip
    configuration = {"mode": "hybrid", "rerank": False, "limit": 8}
    report = {
        "configuration": configuration, "cases": 60, "metrics": metrics,
        "kinds": {"single-hop": metrics, "unanswerable": {"abstention": estimate(0.9)}},
        "timings_ms": {"retrieve": {"p50": 11.2, "p95": 31.0}}, "rows": rows,
    }  # fmt: skip
    changes = {
        "recall_at_5": difference(0.91, 0.95, 0.03, "better"),
        "mrr": difference(0.83, 0.82, 0.04, "not shown"),
        "groundedness": difference(0.97, 0.9, 0.05, "worse"),
    }  # fmt: skip
    comparison = {
        "first": configuration, "second": {**configuration, "rerank": True}, "metrics": changes,
        "timings_ms": {"retrieve": [11.2, 43.0]},
    }  # fmt: skip
    return evaluation(new_id(), "project", "succeeded", metrics=metrics, report=report, comparison=comparison)


def usage_sum(lines: list[Thing]) -> Thing:
    counted = [name for name in (lines or usage_lines())[0] if name not in ("day", "model", "cost_usd")]
    total = {name: sum(line[name] for line in lines) for name in counted}
    return {**total, "cost_usd": f"{sum(float(line['cost_usd']) for line in lines):.4f}"}


def usage_lines() -> list[Thing]:
    line = {"calls": 12, "cached": 1, "failed": 0, "cached_input_tokens": 0, "estimated_calls": 12, "seconds": 8.0}
    return [
        {**line, "day": f"2026-11-{day:02}", "model": model, "input_tokens": 1000 * day, "output_tokens": 90 * day,
         "cost_usd": f"{cost * day:.4f}"}
        for day in range(12, 27)
        for model, cost in (("gpt-large", 0.02), ("offline", 0.0))
    ]  # fmt: skip
