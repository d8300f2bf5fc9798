"""Expense reports v3.0: the list of those whose documents the Financial Integration Service has, too."""

from .routes import FOREIGN_HOST, handlers, page_of

PATH = "/api/v3.0/expense/reports"


@handlers(f"GET {PATH}")
def list_reports(call):
    """All users' reports only when they are asked for; else those of the person whose token it is, who has none."""
    query = call.query
    latest = {row.source_id: row for row in call.state.documents if row.doc_type in ("expense", "payroll")}
    rows = list(latest.values()) if query.get("user") == "ALL" else []
    after = query.get("modifiedDateAfter")
    day = call.sandbox.base_date.isoformat()
    rows = [row for row in rows if after is None or str(after)[:10] <= day]
    page, following = page_of(rows, query, PATH)
    return {"Items": [_report(row, day) for row in page], "NextPage": following}


def _report(row, day):
    report = row.content["report"]
    return {
        "ID": row.source_id,
        "Name": report.get("reportName"),
        "ApprovalStatusCode": "A_APPR",
        "PaymentStatusCode": "P_PROC",
        "CurrencyCode": report.get("reportCurrencyCode"),
        "LastModifiedDate": f"{day}T08:00:00",
        "URI": f"{FOREIGN_HOST}{PATH}/{row.source_id}",
    }
