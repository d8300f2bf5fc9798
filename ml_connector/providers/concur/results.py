"""Reports to Concur whether its documents were booked (posting confirmations)."""

from ...core.errors import RemoteError
from ...core.flow import ResultFlow
from ...core.messages import _
from ...core.wire import text
from .bills import Bills
from .cash_advances import CashAdvances
from .expense_reports import ExpenseReports
from .financial_documents import acknowledge, confirm, document
from .payroll import Payroll
from .scopes import FIS

MAX_RESULTS = 50
LONGEST_TEXT = 1000
LONGEST_NUMBER = 80

NOT_ACKNOWLEDGED = 111
CONFIRMED_BEFORE = 113
PASSING = (199, None)
REASONS = {
    99: _("Another system ID has confirmed this document. One company's documents go to one accounting system only."),
    112: _("The document was recalled in SAP Concur after Odoo had booked it. Reverse it in Odoo."),
    114: _("SAP Concur reports an unknown status of this document. Ask the SAP Concur administrator to check it."),
    116: _("The document no longer exists in SAP Concur."),
}
SUCCESS = ("POSTING_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_REVERSED")
FAILURE = "POSTING_CONFIRMED_FAILURE"
DOC_TYPES = {flow.kind: flow.doc_type for flow in (Bills, ExpenseReports, CashAdvances, Payroll)}


class Results(ResultFlow):
    key = "results"
    label = _("Posting Results to SAP Concur")
    sequence = 70
    scopes = (FIS,)
    help = _(
        "Reports to SAP Concur which documents Odoo has booked. Without it, SAP Concur does not process them further."
    )

    def report(self, results, key):
        """Confirm results.

        :raises RemoteError: Concur failed temporarily for some; it accepts the others again
        """
        doc_type = DOC_TYPES[results[0].subject]
        refused = {}
        for start in range(0, len(results), MAX_RESULTS):
            refused |= self._report(doc_type, results[start : start + MAX_RESULTS])
        return refused

    def _report(self, doc_type, results):
        answers = self._confirm(doc_type, results)
        if late := [result for result in results if _code(answers, result) == NOT_ACKNOWLEDGED]:
            acknowledge(self.client, doc_type, [result.version for result in late])
            answers |= self._confirm(doc_type, late)
        refused = {}
        for result in results:
            code = _code(answers, result)
            if code in (0, CONFIRMED_BEFORE):
                continue
            reason = _refusal(text(answers.get(result.version) or {}, "errorMessage"))
            if code in PASSING:
                raise RemoteError(reason, code=str(code))
            refused[result.external_id] = REASONS.get(code) or reason
        return refused

    def _confirm(self, doc_type, results):
        company = self.provider.settings.company
        confirmations = [confirmation(result, company) for result in results]
        # repeating it does no harm (code 113)
        body = {"postingConfirmations": confirmations, "systemId": ""}
        return confirm(self.client, doc_type, "postingconfirmations", body)

    def reported(self, result):
        row = document(self.client, DOC_TYPES[result.subject], result.external_id)
        if not row or row.get("id") != result.version:
            return False
        return row.get("docStatus") in SUCCESS if result.success else row.get("docStatus") == FAILURE


def _refusal(reason):
    if reason:
        return _("SAP Concur did not accept the posting result: %(reason)s.", reason=reason.rstrip("."))
    return _("SAP Concur did not answer the posting result.")


def _code(answers, result):
    return (answers.get(result.version) or {}).get("code")


def confirmation(result, company):
    """A posting confirmation. `docId` is the ID of the financial document, not of the report."""
    posted = {
        "companyId": company,
        "documentNumber": result.reference[:LONGEST_NUMBER],
        "paymentRelevantLineItems": [],
    }
    message = {
        "concurTransactionLineItemId": "",
        "messageId": "ODOO",
        "messageLanguage": "EN",
        "messageShortText": result.failure_text(LONGEST_TEXT),
        "messageLongText": "",
    }
    return {
        "docId": result.version,
        "overallPostingStatusCode": "success" if result.success else "error",
        "postingDocs": [posted] if result.success else [],
        "systemMessages": [] if result.success else [message],
    }
