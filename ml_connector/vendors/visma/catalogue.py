"""What records are coded to in Visma.net, as rows of the mapping list.

A posting takes an account, a value of each segment of the subaccount (cost centres and departments are segments), a
project with its task, a branch and a VAT category. The ids of segment values, projects, tasks and branches say which of
these they are, because Odoo knows all of them as analytic accounts. Segments, and projects as a whole, are analytic
plans.
"""

from ...documents import Reference
from ...exceptions import InvalidDataError, NotFoundError
from ..base import Item, Page, content_version
from .wire import part, rows, text

SUBACCOUNT = "/v1/dimension/SUBACCOUNT"
SEGMENT, PROJECT, TASK, BRANCH = "segment", "project", "task", "branch"
PROJECTS, BRANCHES, TASKS = "Project", "Branch", "Project task"


class Catalogue:
    """Reads the lists of one company."""

    def __init__(self, client):
        self.client = client

    def pages(self):
        """A page for each kind of code."""
        for read in (
            self._accounts,
            self._fields,
            self._segment_values,
            self._projects,
            self._branches,
            self._vat_categories,
            self._credit_terms,
            self._vat_zones,
            self._supplier_classes,
            self._currencies,
            self._cash_accounts,
        ):
            yield Page(items=tuple(item(reference) for reference in read()))

    def _accounts(self):
        for row in self.client.rows("/v1/account", active=True):
            if is_postable(row):
                yield account_reference(row)

    def _fields(self):
        """What an analytic plan may stand for: the codes of its accounts are made there."""
        for segment in segments(self.client):
            yield Reference(
                kind="plan", external_id=f"{SEGMENT}:{text(segment, 'segmentId')}", name=segment_name(segment)
            )
        yield Reference(kind="plan", external_id=PROJECT, name=PROJECTS)

    def _segment_values(self):
        for segment in segments(self.client):
            for value in rows(segment, "segmentValues"):
                if value.get("active") is not False:
                    yield segment_reference(segment, value)

    def _projects(self):
        for page in self.client.pages("/v1/project", status="Active"):
            for row in filter(is_usable, page):
                yield project_reference(row)
                for task in filter(is_usable, rows(row, "tasks")):
                    yield task_reference(row, task)

    def _branches(self):
        for row in self.client.rows("/v1/branch"):
            if row.get("isActive") is not False:
                number = text(row, "number")
                yield Reference(
                    kind="analytic",
                    external_id=f"{BRANCH}:{number}",
                    code=number,
                    name=text(row, "name"),
                    group=BRANCHES,
                )

    def _vat_categories(self):
        """A line takes a VAT category, not a VAT id."""
        for row in self.client.rows("/v1/vatCategory"):
            if row.get("active") is not False:
                yield _plain("tax", row, "vatCategoryId")

    def _credit_terms(self):
        for page in self.client.pages("/v1/creditTerm"):
            for row in page:
                if text(row, "visibleTo") in ("", "AL", "VE"):
                    yield _plain("payment_term", row, "termsId")

    def _vat_zones(self):
        for page in self.client.pages("/v1/vatZone"):
            for row in page:
                yield _plain("fiscal_position", row, "id")

    def _supplier_classes(self):
        for row in self.client.rows("/v1/supplier/supplierClass"):
            yield _plain("partner_category", row, "id")

    def _currencies(self):
        for row in self.client.rows("/v1/currency"):
            yield _plain("currency", row, "id")

    def _cash_accounts(self):
        """Where payments come from."""
        for row in self.client.rows("/v1/cashaccount"):
            if row.get("active") is not False:
                yield cash_account(text(row, "number"), text(row, "description"))


def segments(client):
    """The segments of a subaccount in their order; none where the company has no subaccounts."""
    try:
        found = client.one(SUBACCOUNT).data
    except NotFoundError:
        return []
    return sorted(rows(found, "segments"), key=lambda row: row.get("segmentId") or 0)


def is_postable(row):
    """Whether bills may be coded to an account: neither a bank nor a control account."""
    if row.get("active") is False or row.get("cashAccount") is True:
        return False
    return not text(row, "controlAccountModule") or row.get("allowManualEntry") is True


def is_usable(row):
    """Whether a project or task is active and seen in the supplier ledger."""
    return text(row, "status") in ("", "Active") and part(row, "visibility").get("visibleInAp") is not False


def account_reference(row):
    code = text(row, "accountCD")
    return Reference(kind="account", external_id=code, code=code, name=text(row, "description"))


def segment_reference(segment, value):
    number, code = text(segment, "segmentId"), text(value, "valueId")
    return Reference(
        kind="analytic",
        external_id=f"{SEGMENT}:{number}:{code}",
        code=code,
        name=text(value, "description"),
        group=segment_name(segment),
    )


def segment_name(segment):
    return text(segment, "description") or f"Segment {text(segment, 'segmentId')}"


def project_reference(row):
    code = text(row, "projectID")
    return Reference(
        kind="analytic",
        external_id=f"{PROJECT}:{code}",
        code=code,
        name=text(row, "description"),
        group=PROJECTS,
    )


def task_reference(project, task):
    code, number = text(project, "projectID"), text(task, "taskId")
    return Reference(
        kind="analytic",
        external_id=f"{TASK}:{code}:{number}",
        code=f"{code} {number}",
        name=text(task, "description"),
        group=TASKS,
    )


def cash_account(number, name):
    return Reference(kind="journal", external_id=f"cash:{number}", code=number, name=name)


def _plain(kind, row, key):
    code = text(row, key)
    return Reference(kind=kind, external_id=code, code=code, name=text(row, "description"))


def item(reference):
    """A code as an item; its version changes with what people see of it."""
    payload = {
        "kind": reference.kind,
        "id": reference.external_id,
        "code": reference.code,
        "name": reference.name,
        "group": reference.group,
    }
    title = " ".join(filter(None, (reference.code, reference.name))) or reference.external_id
    return Item(
        external_id=f"{reference.kind}:{reference.external_id}",
        version=content_version(payload),
        title=title,
        payload=payload,
    )


def reference(payload):
    """
    :raises InvalidDataError: the code is empty
    """
    if not payload["id"] or payload["id"].endswith(":"):
        raise InvalidDataError("Visma.net has an entry without a code.")
    return Reference(
        kind=payload["kind"],
        external_id=payload["id"],
        code=payload["code"],
        name=payload["name"],
        group=payload["group"],
    )
