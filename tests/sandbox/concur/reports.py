"""Expense reports v3.0: the list of those whose documents the Financial Integration Service has, too."""

import base64

from .routes import handlers

PATH = "/api/v3.0/expense/reports"
FOREIGN_HOST = "https://www.concursolutions.com"


@handlers(f"GET {PATH}")
def list_reports(call):
    """All users' reports only when they are asked for; else those of the person whose token it is, who has none."""
    query = call.query
    latest = {row.source_id: row for row in call.state.documents if row.doc_type in ("expense", "payroll")}
    rows = list(latest.values()) if query.get("user") == "ALL" else []
    after = query.get("modifiedDateAfter")
    day = call.sandbox.base_date.isoformat()
    rows = [row for row in rows if after is None or str(after)[:10] <= day]
    start = int(base64.b64decode(query["offset"])) if query.get("offset") else 0
    end = start + query["limit"]
    offset = base64.b64encode(str(end).encode()).decode()
    return {
        "Items": [_report(row, day) for row in rows[start:end]],
        "NextPage": f"{FOREIGN_HOST}{PATH}?offset={offset}" if end < len(rows) else None,
    }


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
