"""Where the publications contradict themselves, or what the providers do: all that the traffic may differ by."""

from judge import CORE, PRISM, Contradiction

LOCAL_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"

CONTRADICTIONS = {
    "ramp": (
        Contradiction(
            operation="POST */token",
            side="request",
            reason="The guide of authorization has a form, and OAuth 2.0 too; the specification has JSON.",
        ),
        Contradiction(
            operation="GET */bills*",
            place="body*.payment.details",
            reason="Exactly one of the alternatives has to fit, but they overlap, and nothing tells them apart.",
        ),
        Contradiction(
            operation="GET */bills*",
            place="body*.payment",
            judge=PRISM,
            reason="What holds these details.",
        ),
        Contradiction(
            operation="GET */vendors/credits",
            place="body.data.*",
            rule="type",
            reason="The schema is a list of lists, its example a list of records.",
        ),
        Contradiction(
            operation="POST */purchase-orders/{purchase_order_id}/archive",
            place="body",
            reason="204 has no body, and a schema of one.",
        ),
        Contradiction(
            operation="DELETE */webhooks/{webhook_id}",
            place="body",
            reason="204 has no body, and a schema of one.",
        ),
        Contradiction(
            operation="POST */attachments",
            side="request",
            place="body.attachment_type",
            value="b'[A-Z_]+'",
            judge=CORE,
            reason="Not the publication: openapi-core reads the parts of multipart bodies as bytes.",
        ),
        Contradiction(
            operation="GET */statements*",
            place="body*.statement_url",
            rule="format",
            value=r"http://127\.0\.0\.1:.*",
            judge=PRISM,
            reason="Not the publication: the sandbox has no domain.",
        ),
    ),
    "visma": (
        Contradiction(
            operation="POST /connect/token",
            side="request",
            rule="operation",
            reason="Tokens are Visma Connect's, whose address is in no specification.",
        ),
        Contradiction(
            operation="*",
            rule="format",
            value=LOCAL_MOMENT,
            reason="Moments are sent without a zone; a `date-time` has one.",
        ),
        Contradiction(
            operation="*",
            side="request",
            rule="format",
            value=LOCAL_MOMENT,
            reason="Moments are taken without a zone only: with one the day may be another.",
        ),
        Contradiction(
            operation="* /v1/supplierInvoice/*/action/*",
            place="body",
            reason="202 comes without the object that is published.",
        ),
        Contradiction(
            operation="POST */attachment",
            side="request",
            rule="415",
            judge=PRISM,
            reason="The bodies of attachments are not published; the documentation has multipart.",
        ),
        Contradiction(
            operation="GET /v1/account/{accountCd}",
            rule="status",
            reason="What is answered to an unknown id is not published.",
        ),
        Contradiction(
            operation="GET /v1/project/{projectID}",
            rule="status",
            reason="What is answered to an unknown id is not published.",
        ),
    ),
    "concur": (
        Contradiction(
            operation="GET /api/v3.0/expense/reports",
            place="body.Items.*.LastModifiedDate",
            rule="format",
            value=LOCAL_MOMENT,
            reason="Moments are sent without a zone; a `date-time` has one.",
        ),
        Contradiction(
            operation="GET /api/image/*",
            place="body",
            judge=CORE,
            reason="Not the publication: the text of XML is read as an element.",
        ),
    ),
}
"""By provider. What nothing uses any more fails the test, and has to go."""
