"""What is shown while dbt runs."""

import json

from ops.build import Progress


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
    assert (progress.done, progress.warnings) == (4, 1)
    assert progress.messages == ["Failure in test every_payment_has_an_order", "Traceback of dbt itself"]
    assert progress.invocation_id == "4f1e"
    assert progress.summary() == "4 models, seeds and tests, 1 of them with a warning"
