"""Where the publications contradict themselves, or what the providers do: all that the traffic may differ by."""

from dataclasses import replace

from contract.judge import CORE, PRISM, Contradiction

LOCAL_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"


def answer(operation, place, reason, **more):
    return Contradiction(operation=operation, place=place, reason=reason, **more)


def request(operation, place, reason, **more):
    return answer(operation, place, reason, side="request", **more)


def of_publication(*entries):
    """Those of the whole publications alone."""
    return [replace(entry, published=True) for entry in entries]


def without_body(*operations):
    return [answer(operation, "body", "204 has no body, and a schema of one.") for operation in operations]


RAMP = [
    request(
        "POST */token", "*", "The guide of authorization has a form, and OAuth 2.0 too; the specification has JSON."
    ),
    answer(
        "GET */bills*",
        "body*.payment.details",
        "Exactly one of the alternatives has to fit, but they overlap, and nothing tells them apart.",
    ),
    answer("GET */bills*", "body*.payment", "What holds these details.", judge=PRISM),
    answer(
        "GET */vendors/credits",
        "body.data.*",
        "The schema is a list of lists, its example a list of records.",
        rule="type",
    ),
    *without_body(
        "POST */purchase-orders/{purchase_order_id}/archive",
        "DELETE */bills/{bill_id}",
        "DELETE */webhooks/{webhook_id}",
    ),
    request(
        "POST */attachments",
        "body.attachment_type",
        "Not the publication: openapi-core reads the parts of multipart bodies as bytes.",
        value="b'[A-Z_]+'",
        judge=CORE,
    ),
    answer(
        "GET */statements*",
        "body*.statement_url",
        "Not the publication: the sandbox has no domain.",
        rule="format",
        value=r"http://127\.0\.0\.1:.*",
        judge=PRISM,
    ),
    request(
        "*",
        "body.*_url",
        "Not the publication: nor has the Odoo that is named to it.",
        rule="format",
        value=r"http://(127\.0\.0\.1|localhost)\b.*",
        judge=PRISM,
    ),
    *of_publication(
        request(
            "GET */accounting/field-options",
            "query*",
            "Since 2026-08-20 a field may be named by our own id; the publication at hand is of 2026-08-01.",
        ),
        request(
            "PATCH */vendors/{vendor_id}",
            "body",
            "Since 2026-08-27 the name can be changed; the publication at hand is of 2026-08-01.",
            rule="properties",
        ),
    ),
]
VISMA = [
    request(
        "POST /connect/token",
        "*",
        "Tokens are Visma Connect's, whose address is in no specification.",
        rule="operation",
    ),
    answer("*", "*", "Moments are sent without a zone; a `date-time` has one.", rule="format", value=LOCAL_MOMENT),
    request(
        "*",
        "*",
        "Moments are taken without a zone only: with one the day may be another.",
        rule="format",
        value=LOCAL_MOMENT,
    ),
    answer("* /v1/supplierInvoice/*/action/*", "body", "202 comes without the object that is published."),
    request(
        "POST */attachment",
        "*",
        "The bodies of attachments are not published; the documentation has multipart.",
        rule="415",
        judge=PRISM,
    ),
    *(
        answer(operation, "*", "What is answered to an unknown id is not published.", rule="status")
        for operation in ("GET /v1/account/{accountCd}", "GET /v1/project/{projectID}")
    ),
]
ONE_VENDOR = "The list is published as one object; the samples have a list."
CONCUR = [
    answer(
        "GET /api/v3.0/expense/reports",
        "body.Items.*.LastModifiedDate",
        "Moments are sent without a zone; a `date-time` has one.",
        rule="format",
        value=LOCAL_MOMENT,
    ),
    answer("GET /api/image/*", "body", "Not the publication: the text of XML is read as an element.", judge=CORE),
    *of_publication(
        request("POST /oauth2/v0/token", "body", "The form is published as one part of it, named body."),
        answer(
            "POST /oauth2/v0/token",
            "body.token_type",
            "The documentation writes it with a capital letter.",
            value="Bearer",
        ),
        answer(
            "POST /oauth2/v0/token",
            "body.expires_in",
            "It is published as text; the documentation has a number.",
            rule="type",
        ),
        answer(
            "GET /list/v4/lists",
            "body.content.*.category",
            "A category has a type; the value that is required is in no sample.",
            rule="required",
        ),
        answer("*", "*", "What is absent is null, in the samples too.", rule="null"),
        answer("* /api/v3.1/invoice/vendors", "body.Vendor", ONE_VENDOR, rule="type"),
        request("* /api/v3.1/invoice/vendors", "body.Vendor", ONE_VENDOR, rule="type"),
        answer(
            "GET /api/image/*", "body", "XML is published as an object, and comes as text.", rule="type", judge=PRISM
        ),
        request(
            "GET /api/v3.0/expense/reports",
            "query.modifieddateafter",
            "It is published as a moment; the documentation has a day.",
            rule="format",
        ),
        request(
            "POST /financialintegration/*/acknowledgements",
            "query*",
            "The body is published as a parameter of the query.",
        ),
        request("* /events/v4/*", "header", "Not the publication: recordings leave out who asks.", judge=PRISM),
        request(
            "GET /api/v3.0/invoice/paymentrequestdigests",
            "query.lastModifiedDateAfter",
            "The documentation has this filter.",
            rule="unknown",
        ),
        request(
            "POST /financialintegration/*confirmations",
            "*",
            "The body is not published; the documentation has it.",
            rule="415",
            judge=PRISM,
        ),
    ),
]
CONTRADICTIONS = {"ramp": RAMP, "visma": VISMA, "concur": CONCUR}
"""By provider. What nothing uses any more fails the test, and has to go."""
