"""What a line is coded to: one account, one value of each segment, one project with task, one branch."""

from ...core.errors import InvalidDataError
from .catalogue import BRANCH, PROJECT, SEGMENT, TASK
from .wire import rows, text


def coding(line, subject):
    """The codes of a canonical line as plain values, for the payload.

    :param subject: beginning of the sentence when something does not go together
    :raises InvalidDataError: two values of the same segment, two projects or two branches; or no account
    """
    if line.account is None:
        raise InvalidDataError(f"{subject} has no account.")
    codes = {"account": line.account.external_id, "segments": {}}
    if line.taxes:
        if len(line.taxes) > 1:
            raise InvalidDataError(f"{subject} has several taxes, and Visma.net takes one VAT category for a line.")
        codes["vat"] = line.taxes[0].external_id
    for share in line.analytics:
        _add(codes, share.reference, subject)
    return codes


def _add(codes, reference, subject):
    role, _colon, rest = reference.external_id.partition(":")
    if role == SEGMENT:
        segment, _colon, value = rest.partition(":")
        _set(codes["segments"], segment, value, f"{subject} has two values of {reference.group}")
    elif role == PROJECT:
        _set(codes, "project", rest, f"{subject} has two projects")
    elif role == TASK:
        # a project's code may hold a colon, a task's number never does
        project, _colon, task = rest.rpartition(":")
        _set(codes, "project", project, f"{subject} has a task of another project")
        _set(codes, "task", task, f"{subject} has two project tasks")
    elif role == BRANCH:
        _set(codes, "branch", rest, f"{subject} has two branches")
    else:
        raise InvalidDataError(f"{subject} is coded to something that Visma.net does not know: {reference.name}.")


def _set(codes, key, value, problem):
    if codes.setdefault(key, value) != value:
        raise InvalidDataError(f"{problem}: {codes[key]} and {value}. Divide the line.")


class Subaccounts:
    """Completes the segments of lines: a subaccount needs a value of each.

    :param segments: the company's segments as Visma shows them
    :param usual: the subaccount for what a line leaves open, its values separated by dashes; empty: values of zeros
    """

    def __init__(self, segments, usual):
        self._segments = segments
        values = usual.split("-") if usual else []
        self._usual = {text(row, "segmentId"): value for row, value in zip(segments, values, strict=False)}

    def complete(self, given):
        """All segments as Visma's lines take them; none where the company has no subaccounts.

        :raises InvalidDataError: nobody says which value a segment has
        """
        return [
            {"segmentId": segment.get("segmentId"), "segmentValue": self._value(segment, given)}
            for segment in self._segments
        ]

    def _value(self, segment, given):
        number = text(segment, "segmentId")
        value = given.get(number) or self._usual.get(number) or _zeros(segment)
        if not value:
            raise InvalidDataError(
                f"The line has no {text(segment, 'description')}: give it an analytic account that is mapped to one, "
                "or enter the usual subaccount on the connection."
            )
        return value


def _zeros(segment):
    values = [text(row, "valueId") for row in rows(segment, "segmentValues") if row.get("active") is not False]
    return next((value for value in values if value and not value.strip("0")), "")
