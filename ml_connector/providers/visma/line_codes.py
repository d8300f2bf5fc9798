"""The codes of a line: one account, one value of each segment, one project with task, one branch."""

from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.wire import needed, rows, text
from .coding import BRANCH, PROJECT, SEGMENT, TASK


def coding(line, document):
    """The codes of a canonical line as plain values, for the payload.

    :param document: number of the document, for errors
    :raises InvalidDataError: two values of the same segment, two projects or two branches; or no account
    """
    account = needed(line.account, _("A line of %(document)s has no account.", document=document))
    codes = {"account": account.external_id, "segments": {}}
    if line.taxes:
        if len(line.taxes) > 1:
            raise InvalidDataError(
                _(
                    "A line of %(document)s has several taxes. Visma.net supports one VAT category for each line.",
                    document=document,
                )
            )
        codes["vat"] = line.taxes[0].external_id
    for share in line.analytics:
        _add(codes, share.reference, document)
    return codes


def _add(codes, reference, document):
    role, _colon, rest = reference.external_id.partition(":")
    if role == SEGMENT:
        segment, _colon, value = rest.partition(":")
        _set(codes["segments"], segment, value, reference.group, document)
    elif role == PROJECT:
        _set(codes, "project", rest, _("project"), document)
    elif role == TASK:
        # a project's code may hold a colon, a task's number never does
        project, _colon, task = rest.rpartition(":")
        _set(codes, "project", project, _("project"), document)
        _set(codes, "task", task, _("project task"), document)
    elif role == BRANCH:
        _set(codes, "branch", rest, _("branch"), document)
    else:
        raise InvalidDataError(
            _(
                "A line of %(document)s has the code %(code)s, which Visma.net does not support.",
                document=document,
                code=reference.name,
            )
        )


def _set(codes, key, value, dimension, document):
    if codes.setdefault(key, value) != value:
        raise InvalidDataError(
            _(
                "A line of %(document)s has two values of the dimension %(dimension)s: %(values)s. Split the line.",
                document=document,
                dimension=dimension,
                values=(codes[key], value),
            )
        )


class Subaccounts:
    """Completes the segments of lines: a subaccount needs a value of each.

    :param segments: the segments of the company as Visma shows them
    :param default: subaccount for segments that a line does not have, its values separated by dashes; empty: zeros
    """

    def __init__(self, segments, default):
        self._segments = segments
        values = default.split("-") if default else []
        self._default = {text(row, "segmentId"): value for row, value in zip(segments, values, strict=False)}

    def complete(self, given):
        """All segments in the form of Visma's lines; none where the company has no subaccounts.

        :raises InvalidDataError: a segment has no value
        """
        return [
            {"segmentId": segment.get("segmentId"), "segmentValue": self._value(segment, given)}
            for segment in self._segments
        ]

    def _value(self, segment, given):
        number = text(segment, "segmentId")
        missing = _(
            "The line has no value for the segment %(segment)s. Add an analytic account that is mapped to one, or "
            "enter the default subaccount on the connection.",
            segment=text(segment, "description"),
        )
        return needed(given.get(number) or self._default.get(number) or _zeros(segment), missing)


def _zeros(segment):
    values = [text(row, "valueId") for row in rows(segment, "segmentValues") if row.get("active") is not False]
    return next((value for value in values if value and not value.strip("0")), "")
