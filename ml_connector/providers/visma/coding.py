"""The codes of Visma.net, each of which becomes a mapping.

A posting takes an account, a value of each segment of the subaccount (cost centers and departments are segments), a
project with its task, a branch and a VAT category. Segment values, projects, tasks and branches are mapped to analytic
accounts, so their IDs begin with their type. Segments, and projects as a whole, are mapped to analytic plans.
"""

from functools import partial

from ...core import items as listed
from ...core.documents import Reference
from ...core.errors import InvalidDataError, NotFoundError
from ...core.flow import CodesFlow
from ...core.http import objects
from ...core.messages import _
from ...core.remote import RemotePage, RemoteRecord
from ...core.wire import part, required, rows, text
from .scopes import READ
from .webhook import ANYTHING

SUBACCOUNT = "/v1/dimension/SUBACCOUNT"
SEGMENT, PROJECT, TASK, BRANCH = "segment", "project", "task", "branch"
PROJECTS, BRANCHES, TASKS = "Project", "Branch", "Project task"


class Coding(CodesFlow):
    key = "coding"
    label = _("Accounts, Dimensions, VAT and Terms")
    scopes = (READ,)
    events = ("Account", "Dimension", "Segment", "Project", ANYTHING)
    help = _("Reads the codes of Visma.net, so that you can map them before Odoo sends the first bill.")

    def pull(self, cursor, since):
        """Pages of each kind of code."""
        # analytic plans are mapped to it, so that projects can be created for their accounts
        yield RemotePage(items=(item(Reference(kind="plan", external_id=PROJECT, name=PROJECTS)),))
        for found, references in self._lists():
            yield from listed.pages(found, partial(_items, references), self.provider.label)

    def _lists(self):
        """Pages of rows, with what gives the codes of a row."""
        rows_of, pages_of = self.client.rows, self.client.pages
        yield [rows_of("/v1/account", active=True)], _accounts
        found = segments(self.client)
        yield [found], _fields
        for segment in found:
            yield [_parts(segment, "segmentValues")], partial(_segment_values, segment)
        projects = []
        yield pages_of("/v1/project", status="Active"), partial(_projects, projects)
        for project in projects:
            yield [_parts(project, "tasks")], partial(_tasks, project)
        yield [rows_of("/v1/branch")], _branches
        # a line takes a VAT category, not a VAT id
        yield [rows_of("/v1/vatCategory")], partial(_plain, "tax", "vatCategoryId")
        yield pages_of("/v1/creditTerm"), _credit_terms
        yield pages_of("/v1/vatZone"), partial(_plain, "fiscal_position", "id")
        yield [rows_of("/v1/supplier/supplierClass")], partial(_plain, "partner_category", "id")
        yield [rows_of("/v1/currency")], partial(_plain, "currency", "id")
        yield [rows_of("/v1/cashaccount")], _cash_accounts

    def translate(self, payload):
        """:raises InvalidDataError: the code is empty"""
        if not payload["id"] or payload["id"].endswith(":"):
            raise InvalidDataError(_("The record has no code in Visma.net."))
        return Reference(
            kind=payload["kind"],
            external_id=payload["id"],
            code=payload["code"],
            name=payload["name"],
            group=payload["group"],
        )


def _items(references, row):
    return [item(reference) for reference in references(row)]


def _accounts(row):
    if is_postable(row):
        yield account_reference(row)


def _fields(segment):
    number = required(segment, "segmentId")
    yield Reference(kind="plan", external_id=f"{SEGMENT}:{number}", name=segment_name(segment))


def _segment_values(segment, value):
    if value.get("active") is not False:
        yield segment_reference(segment, value)


def _projects(noted, row):
    if is_usable(row):
        yield project_reference(row)
        noted.append(row)


def _tasks(project, task):
    if is_usable(task):
        yield task_reference(project, task)


def _parts(row, key):
    value = row.get(key)
    return objects(value) if isinstance(value, list) else []


def _branches(row):
    if row.get("isActive") is not False:
        number = required(row, "number")
        yield _analytic(BRANCH, number, number, text(row, "name"), BRANCHES)


def _credit_terms(row):
    if text(row, "visibleTo") in ("", "AL", "VE"):
        yield from _plain("payment_term", "termsId", row)


def _cash_accounts(row):
    """Where payments come from."""
    if row.get("active") is not False:
        yield cash_account(required(row, "number"), text(row, "description"))


def segments(client):
    """The segments of a subaccount in their order; none where the company has no subaccounts."""
    try:
        found = client.one(SUBACCOUNT).data
    except NotFoundError:
        return []
    return sorted(rows(found, "segments"), key=_place)


def _place(segment):
    number = text(segment, "segmentId")
    return int(number) if number.isdecimal() else 0


def is_postable(row):
    """Whether bills may be coded to an account, which is neither a bank nor a control account."""
    if row.get("active") is False or row.get("cashAccount") is True:
        return False
    return not text(row, "controlAccountModule") or row.get("allowManualEntry") is True


def is_usable(row):
    """Whether a project or task is active and visible in the supplier ledger."""
    return text(row, "status") in ("", "Active") and part(row, "visibility").get("visibleInAp") is not False


def account_reference(row):
    code = required(row, "accountCD")
    return Reference(kind="account", external_id=code, code=code, name=text(row, "description"))


def segment_reference(segment, value):
    number, code = text(segment, "segmentId"), required(value, "valueId")
    return _analytic(SEGMENT, f"{number}:{code}", code, text(value, "description"), segment_name(segment))


def segment_name(segment):
    return text(segment, "description") or f"Segment {text(segment, 'segmentId')}"


def project_reference(row):
    code = required(row, "projectID")
    return _analytic(PROJECT, code, code, text(row, "description"), PROJECTS)


def task_reference(project, task):
    code, number = text(project, "projectID"), required(task, "taskId")
    return _analytic(TASK, f"{code}:{number}", f"{code} {number}", text(task, "description"), TASKS)


def _analytic(role, number, code, name, group):
    return Reference(kind="analytic", external_id=f"{role}:{number}", code=code, name=name, group=group)


def cash_account(number, name):
    return Reference(kind="journal", external_id=f"cash:{number}", code=number, name=name)


def _plain(kind, key, row):
    if row.get("active") is not False:
        code = required(row, key)
        yield Reference(kind=kind, external_id=code, code=code, name=text(row, "description"))


def item(reference):
    """A code as a record; its version changes with its code, name and group."""
    payload = {
        "kind": reference.kind,
        "id": reference.external_id,
        "code": reference.code,
        "name": reference.name,
        "group": reference.group,
    }
    title = " ".join(filter(None, (reference.code, reference.name))) or reference.external_id
    return RemoteRecord.of(f"{reference.kind}:{reference.external_id}", title, payload)
