"""The connection check of Visma.net. It only reads."""

from ...core.errors import AuthError, NotFoundError
from ...core.messages import _, paragraph
from ...core.provider import ConnectionCheck
from ...core.wire import rows, text
from . import periods
from .coding import segments
from .scopes import DELETE, READ

SUPPLIER_KEY = "/v1/dimension/SUPPLIER"
LITTLE = 100
"""Remaining calls of the hour below which another application seems to use the quota."""


def requested_scopes(flows):
    """The scopes that the check and the flows need."""
    return tuple(dict.fromkeys((READ, *(scope for flow in flows for scope in flow.scopes))))


def usable_scopes(settings, flows):
    """The scopes that Visma granted at the last check, else all: one refused scope makes the whole request fail."""
    return settings.stored.get("scopes") or " ".join(requested_scopes(flows))


class Checker(ConnectionCheck):
    label = "Visma.net"

    def __init__(self, client, settings, tokens, flows):
        super().__init__(client, settings, tokens, flows)
        self.scopes = requested_scopes(flows)
        self.granted = set()

    def run(self):
        try:
            self._check_token()
            self._check_company()
        except AuthError as error:
            self._find("error", _("Visma.net rejected the credentials"), self._advice(error))
            return self.report
        self._check_scopes()
        for check in (self._check_segments, self._check_numbers, self._check_periods, self._check_quota):
            self._guarded(check)
        return self.report

    def _advice(self, error):
        """The advice on a refusal. Visma issues tokens for the tenant ID of a customer too, but refuses their calls."""
        if error.status != 401:
            return error.message
        return paragraph(
            error.message,
            _(
                "Enter the tenant ID of the company, not of the customer. It is in Visma Admin under Company > the "
                "company > Configuration. Then approve the application for the company in the Visma App Store."
            ),
        )

    # Access

    def _check_token(self):
        """Fetch a new token, because a token keeps the scopes that it was issued with."""
        token = self._token(self.scopes)
        self.granted = set(token.scope.split())
        self.report.capabilities = set(self.granted)
        self.report.settings["scopes"] = " ".join(sorted(self.granted))
        self.tokens.renew(lambda: token, self.tokens.get(lambda: token))

    def _token(self, scopes):
        """A token with as many scopes as possible. Visma does not tell which it refuses; most often it is DELETE."""
        for wanted in (scopes, [scope for scope in scopes if scope != DELETE], [READ]):
            try:
                return self.client.fetch_token(" ".join(wanted))
            except AuthError as error:
                if error.code != "invalid_scope":
                    raise
                refusal = error
        raise refusal

    def _check_scopes(self):
        missing = [scope for scope in self.scopes if scope not in self.granted]
        for scope in missing:
            flows = tuple(flow.label for flow in self.flows if scope in flow.scopes)
            advice = paragraph(
                _("These flows need it: %(flows)s.", flows=flows) if flows else "",
                _(
                    "Select the scope in the Visma Developer Portal under My Applications > your application. Have the "
                    "change approved in the Visma App Store, then test again."
                ),
            )
            self._find("warning", _("Missing permission (scope %(scope)s)", scope=scope), advice)
        if not missing:
            self._find("ok", _("All permissions granted"))

    # Company

    def _check_company(self):
        branches = self.client.rows("/v1/branch")
        names = [text(row, "name", "number") for row in branches]
        self.report.identity = ", ".join(names[:3]) or self.report.identity
        signed_in = (
            _("Signed in to Visma.net (%(branches)s)", branches=tuple(names)) if names else _("Signed in to Visma.net")
        )
        self._find("ok", signed_in)

    def _check_segments(self):
        found = segments(self.client)
        if not found:
            self._find("ok", _("The company has no subaccounts"))
            return
        names = tuple(text(row, "description") for row in found)
        self._find("ok", _("Segments of subaccounts: %(segments)s", segments=names))
        chosen = self.settings.credentials.get("subaccount") or ""
        if chosen and not _is_subaccount(chosen, found):
            self._find(
                "error",
                _("The default subaccount %(subaccount)s does not exist", subaccount=chosen),
                _(
                    "Enter a value of each segment (%(segments)s), separated by dashes. Or leave the default "
                    "subaccount empty.",
                    segments=names,
                ),
            )

    def _check_numbers(self):
        """Check the number series of suppliers; the API does not show those of documents."""
        options = self.settings.options.get("suppliers_push") or {}
        try:
            found = rows(self.client.one(SUPPLIER_KEY, expandSegmentsValues=False).data, "segments")
        except NotFoundError:
            return
        if not found or any(row.get("isAutoNumber") is not False for row in found):
            return
        if options.get("number_source") == "odoo":
            self._find("ok", _("Suppliers get their numbers from Odoo (the reference of the contact)"))
            return
        self._find(
            "warning",
            _("Visma.net requires manual numbers for suppliers"),
            _(
                "Let the flow Vendors to Visma.net send Odoo's numbers (Numbers of New Records). Or select Auto "
                "number in Visma.net for a segment of SUPPLIER under Segment keys (CS202000)."
            ),
        )

    def _check_periods(self):
        if all(map(periods.is_closed, self.client.rows(periods.PATH))):
            title = _("No financial period is open in the supplier ledger")
            self._find("warning", title, _("Open a financial period in Visma.net."))

    def _check_quota(self):
        quota = self.client.quota
        if not quota:
            return
        title = _(
            "%(remaining)s of %(limit)s calls an hour remain for this company",
            remaining=quota["remaining"],
            limit=quota["limit"],
        )
        if quota["remaining"] < min(LITTLE, quota["limit"] / 2):
            advice = _("Other programs use the same application. Create an application in Visma.net for Odoo alone.")
            self._find("warning", title, advice)
        else:
            self._find("ok", title)


def _is_subaccount(chosen, found):
    values = chosen.split("-")
    return len(values) == len(found) and all(
        value in {text(row, "valueId") for row in rows(segment, "segmentValues")}
        for value, segment in zip(values, found, strict=True)
    )
