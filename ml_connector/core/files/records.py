"""Documents of files as records of their flow."""

from ..messages import Message, _
from ..remote import RemoteRecord, content_version


def record_of(template, document):
    """The `RemoteRecord` of a document that `parse.Reading` found.

    :param template: the `documents.FeedTemplate` by which it was read
    """
    values = document.values
    payload = {"values": values, "lines": document.lines, "credit_sign": template.credit_sign}
    if document.problems:
        payload["problems"] = [_stored(problem) for problem in document.problems]
    elif refusal := _refusal(template, values):
        payload["problems"] = [_stored(refusal)]
    elif exclusion := _exclusion(template, values):
        payload["left_out"] = _stored(exclusion)
    place = f"{f'{document.part}, ' if document.part else ''}line {document.line}"
    return RemoteRecord(
        external_id=document.key or (f"{place} ({document.number})" if document.number > 1 else place),
        version=content_version(payload),
        title=values.get("number") or document.key or f"Line {document.line}",
        payload={**payload, "line": document.line},
        url=values.get("url") if str(values.get("url") or "").startswith("https://") else "",
    )


def _refusal(template, values):
    company = values.get("company")
    if not (template.company_code and company and company != template.company_code):
        return ""
    return _(
        "The document belongs to company %(company)s, but this connection is for %(expected)s.",
        company=company[:40],
        expected=template.company_code,
    )


def _exclusion(template, values):
    status = (values.get("status") or "").upper()
    if not (template.statuses and status and status not in template.statuses):
        return ""
    return _("The template does not accept the status %(status)s.", status=status[:40])


def _stored(sentence):
    return sentence.to_json() if isinstance(sentence, Message) else sentence
