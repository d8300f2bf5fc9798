"""What *Test connection* looks at in Visma.net. Reads only."""

from ...core.connection_check import ConnectionCheck
from ...core.errors import AuthError, NotFoundError
from .catalogue import segments
from .flows import DELETE, FLOWS, READ, SCOPES
from .invoices import is_closed
from .wire import rows, text

WHERE = "in the Visma Developer Portal under My Applications > your application"
SUPPLIER_KEY = "/v1/dimension/SUPPLIER"
LITTLE = 100
"""Calls left in the hour below which other programs seem to use the quota up."""


def usable_scopes(settings):
    """What Visma granted at the last check, else all that is needed: one refused scope spoils the whole request."""
    return settings.stored.get("scopes") or " ".join(SCOPES)


class Checker(ConnectionCheck):
    label = "Visma.net"

    def __init__(self, client, settings, tokens):
        super().__init__(client, settings, tokens)
        self.granted = set()

    def run(self):
        try:
            self._check_token()
            self._check_company()
        except AuthError as error:
            self._find("error", "Visma.net gives no access", self._advice(error))
            return self.report
        self._check_scopes()
        for check in (self._check_segments, self._check_numbers, self._check_periods, self._check_quota):
            self._guarded(check)
        return self.report

    def _advice(self, error):
        """A token is given for the tenant id of a customer as well; only then every call is refused."""
        if error.status != 401:
            return error.message
        return (
            f"{error.message} Enter the tenant id of the company, not of the customer: Visma Admin > Company > the "
            "company > Configuration > Tenant id. Then approve the application for it in the Visma App Store."
        )

    # Access

    def _check_token(self):
        """A fresh token: scopes are fixed when a token is made, so an old one says nothing about today's."""
        token = self._token(SCOPES)
        self.granted = set(token.scope.split())
        self.report.capabilities = set(self.granted)
        self.report.settings["scopes"] = " ".join(sorted(self.granted))
        self.tokens.renew(lambda: token, self.tokens.get(lambda: token))

    def _token(self, scopes):
        """Visma does not say which scope it refuses; what deletes is missing most often, and all but reading may."""
        for wanted in (scopes, [scope for scope in scopes if scope != DELETE], [READ]):
            try:
                return self.client.fetch_token(" ".join(wanted))
            except AuthError as error:
                if error.code != "invalid_scope":
                    raise
                refusal = error
        raise refusal

    def _check_scopes(self):
        missing = [scope for scope in SCOPES if scope not in self.granted]
        for scope in missing:
            flows = [flow.label for flow in FLOWS if scope in flow.scopes]
            without = f"Without it these do not work: {', '.join(flows)}. " if flows else ""
            advice = f"{without}Tick it {WHERE}, have the change approved in the Visma App Store, then test again."
            self._find("warning", f"The scope {scope} is not granted", advice)
        if not missing:
            self._find("ok", "All scopes are granted")

    # Company

    def _check_company(self):
        branches = self.client.rows("/v1/branch")
        names = [text(row, "name") or text(row, "number") for row in branches]
        self.report.identity = ", ".join(names[:3]) or self.report.identity
        self._find("ok", f"Connected with {', '.join(names) or 'a company without branches'}")

    def _check_segments(self):
        found = segments(self.client)
        if not found:
            self._find("ok", "The company has no subaccounts")
            return
        names = ", ".join(text(row, "description") for row in found)
        self._find("ok", f"Subaccounts have the segments {names}")
        chosen = self.settings.credentials.get("subaccount") or ""
        if chosen and not _is_subaccount(chosen, found):
            self._find(
                "error",
                f"{chosen} is no subaccount",
                f"Enter a value of each segment ({names}), separated by dashes, or nothing.",
            )

    def _check_numbers(self):
        """Suppliers alone: which number series documents have is told nowhere."""
        options = self.settings.options.get("suppliers_push") or {}
        try:
            found = rows(self.client.one(SUPPLIER_KEY, expandSegmentsValues=False).data, "segments")
        except NotFoundError:
            return
        if not found or any(row.get("isAutoNumber") is not False for row in found):
            return
        if options.get("number_source") == "odoo":
            self._find("ok", "Suppliers get their numbers from Odoo: the references of the contacts")
            return
        self._find(
            "warning",
            "Visma.net wants the numbers of suppliers entered by hand",
            "Choose Odoo's own under Numbers of New Records on the flow Vendors to Visma.net, or in Visma.net tick "
            "Auto number for a segment of SUPPLIER under Segment keys (CS202000).",
        )

    def _check_periods(self):
        rows_ = self.client.rows("/v1/financialPeriod")
        if all(map(is_closed, rows_)):
            self._find("warning", "No financial period is open in the supplier ledger", "Open one in Visma.net.")

    def _check_quota(self):
        quota = self.client.quota
        if not quota:
            return
        said = f"{quota['limit']} calls an hour are allowed for this company, {quota['remaining']} are left"
        if quota["remaining"] < min(LITTLE, quota["limit"] / 2):
            self._find("warning", said, "Other programs use the same application: give Odoo one of its own.")
        else:
            self._find("ok", said)


def _is_subaccount(chosen, found):
    values = chosen.split("-")
    return len(values) == len(found) and all(
        value in {text(row, "valueId") for row in rows(segment, "segmentValues")}
        for value, segment in zip(values, found, strict=True)
    )
