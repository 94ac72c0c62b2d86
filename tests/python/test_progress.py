"""What is shown while dbt runs."""

import json

from ops.dbt.run import Progress


def event(name: str, level: str = "info", msg: str = "", **data: object) -> str:
    info = {"name": name, "level": level, "msg": msg, "invocation_id": "4f1e"}
    return json.dumps({"info": info, "data": data})


def test_progress_counts_results_and_keeps_what_failed() -> None:
    progress = Progress()
    node = {"node_name": "payments"}
    assert progress.take(event("MainReportVersion", msg="Running with dbt")) is None
    assert progress.take(event("LogStartLine", index=1, total=5, node_info=node)) == "0/5 payments"
    assert progress.take(event("LogModelResult", status="success", node_info=node)) == "1/5 payments"
    assert progress.is_milestone()
    assert not progress.is_milestone()
    progress.take(event("LogTestResult", status="warn", node_info=node))
    progress.take(event("LogTestResult", level="error", status="fail", msg="2 of 5 FAIL", node_info=node))
    progress.take(event("SkippingDetails", node_info=node))
    progress.take(event("RunResultFailure", level="error", msg="Failure in test every_payment_has_an_order"))
    progress.take("Traceback of dbt itself\n")
    assert progress.done == 4
    assert progress.messages == ["Failure in test every_payment_has_an_order", "Traceback of dbt itself"]


def test_run_results_take_precedence_over_the_log() -> None:
    def result(status: str, node: str = "test.dispatch.due", message: str | None = None) -> dict[str, str | None]:
        return {"unique_id": node, "status": status, "message": message}

    progress = Progress()
    progress.take(event("RunResultFailure", level="error", msg="Failure in test due"))
    results = [
        result("success", "operation.dispatch.begin"),
        result("success", "model.dispatch.payments"),
        result("warn"),
        result("skipped", "model.dispatch.orders"),
    ]
    progress.conclude({"metadata": {"invocation_id": "4f1e"}, "results": results})
    assert (progress.invocation_id, progress.done, progress.warnings) == ("4f1e", 3, 1)
    assert progress.messages == ["Failure in test due"]
    assert progress.summary() == "3 models, seeds and tests, 1 of them with a warning"
    results += [
        result("fail", "test.dispatch.due.1a2b", "Got 1 result"),
        result("error", "model.dispatch.jaws", "Database Error in model jaws"),
    ]
    progress.conclude({"metadata": {"invocation_id": "4f1e"}, "results": results})
    assert progress.messages == ["due: Got 1 result", "Database Error in model jaws"]
    assert (progress.statuses["error"], progress.statuses["fail"]) == (1, 1)
