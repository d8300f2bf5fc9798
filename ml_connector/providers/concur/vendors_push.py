"""Vendors of Odoo, to Concur Invoice (invoice/v3.1.vendor)."""

import threading
from dataclasses import replace

from ...core.errors import DuplicateError, NotRelevantError, PermanentError, UnconfirmedError
from ...core.flow import PushFlow
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from ...core.tax_numbers import is_filler, writings
from ...core.wire import text
from .scopes import VENDORS
from .vendor_fields import REMARKS, vendor_fields
from .vendors import OWN_ADDRESS, VENDORS_PATH, code_of, is_approved, main_record, records_of, vendor, vendor_pages
from .wire import found_text, rows

BANKS_PATH = "/api/v3.1/invoice/vendor/banks"
GROUPS_PATH = "/api/v3.1/invoice/vendor/groups"
SENT_AFTER = ("banks", "groups")
"""Parts of the payload that go to calls of their own, once the vendor exists."""
COMMON = ("VendorName", "TaxID", "Approved")
"""Fields that are the same for all addresses of a vendor."""
FEW = 5
"""A run looks up so many vendors one by one; for more it reads all of them once."""
READ_ONLY = ("Country", "ID", "StatusList", "URI", "VendorBankList", "VendorGroupList")


class VendorsPush(PushFlow):
    """Sends vendors. A vendor that Concur already has is looked up and linked before a new one is created."""

    key = "vendors_push"
    label = _("Vendors to SAP Concur")
    kind = "vendor"
    sequence = 100
    scopes = (VENDORS,)
    watches = "res.partner"
    active = False
    options = ("send_bank_accounts", "group_tag_ids")
    help = _("Creates and updates Odoo's vendors in Concur Invoice. Archived vendors lose their approval.")

    def __init__(self, provider):
        super().__init__(provider)
        self._lock = threading.Lock()
        self._looked_up = 0
        self._all = None

    def render(self, document):
        return vendor_fields(document, self.provider.settings.instance)

    def send(self, payload, external_id, key):
        kept = {name: value for name, value in payload.items() if name not in (*SENT_AFTER, REMARKS)}
        return self._with_the_rest(self._send(kept, external_id), payload)

    def _with_the_rest(self, sent, payload):
        """Send bank accounts and groups of an existing vendor; a refusal of the one does not stop the other."""
        remarks = [*payload.get(REMARKS, ())]
        if not any(payload.get(name) for name in SENT_AFTER):
            return replace(sent, note=paragraph(*remarks))
        records = records_of(self.client, sent.external_id)
        refusal = None
        try:
            remarks.append(self._send_banks(main_record(records), payload.get("banks") or []))
        except PermanentError as error:
            refusal = error
        missed = self._send_groups(records, payload.get("groups") or {})
        if refusal:
            raise PermanentError(paragraph(refusal.message, *missed))
        return replace(sent, note=paragraph(*remarks, *missed), is_incomplete=bool(missed))

    def _send_groups(self, records, groups):
        """Add all addresses of a vendor to groups, or remove them; sentences about what Concur did not do.

        Only the vendor shows whether it was done, so it is read again.
        """
        missed, changed = [], False
        for record in records:
            key = {"vendorCode": record["VendorCode"], "addressCode": record["AddressCode"]}
            added, removed = group_changes(record, groups)
            calls = [("PUT", key, {"VendorGroup": [{"Name": name}]}) for name in added]
            calls += [("DELETE", {**key, "groupName": name}, None) for name in removed]
            for method, params, body in calls:
                try:
                    self.client.call(method, GROUPS_PATH, params=params, body=body, repeatable=True)
                except PermanentError as error:
                    missed.append(error.message)
            changed = changed or bool(calls)
        if not changed:
            return []
        for record in records_of(self.client, records[0]["VendorCode"]):
            missed += _not_grouped(*group_changes(record, groups))
        return list(dict.fromkeys(missed))

    def _send_banks(self, main, banks):
        """Add or change bank accounts; a note on those that only Concur has, which stay unchanged."""
        if not banks:
            return ""
        key = {"VendorCode": main["VendorCode"], "AddressCode": main["AddressCode"]}
        known = {text(bank, "AccountNumber"): bank for bank in rows(main.get("VendorBankList"))}
        changed = [bank for bank in banks if bank.items() - known.get(bank["AccountNumber"], {}).items()]
        if changed:
            wanted = [{**key, **bank} for bank in changed]
            for answer in self.client.write("PUT", BANKS_PATH, "VendorBank", wanted, repeatable=True):
                if refusal := _refusal([answer], answer):
                    raise refusal
        sent = {bank["AccountNumber"] for bank in banks}
        others = [number for number, bank in known.items() if number not in sent and text(bank, "IsActive") != "N"]
        if not others:
            return ""
        return _(
            "SAP Concur has other active bank accounts of the vendor: %(accounts)s. Odoo did not change them.",
            accounts=tuple(f"…{number[-4:]}" for number in others),
        )

    def _send(self, payload, external_id):
        if external_id:
            records = records_of(self.client, external_id)
            if not records:
                raise PermanentError(_("The vendor %(code)s no longer exists in SAP Concur.", code=external_id))
            return self._update(payload, records)
        if payload["Approved"] == "N":
            raise NotRelevantError(_("The vendor was archived in Odoo before it was sent."))
        known = self._known(payload)
        if known:
            return self._update(payload, known, linked=True)
        return self._create(payload)

    def find(self, payload, key):
        """Look up a vendor that an earlier `send` may have created, and send what is missing of it."""
        records = self._own(payload, records_of(self.client, payload["VendorCode"]))
        return self._with_the_rest(self._sent(records), payload) if records else None

    def _sent(self, records, linked=False):
        """:param records: the current records of the vendor in Concur"""
        made = vendor({"records": records}, self.provider.settings.instance)
        return SendResult(external_id=made.external_id, linked=linked, shared=made.shared())

    def _create(self, payload):
        record = {"AddressCode": OWN_ADDRESS, **{name: value for name, value in payload.items() if value}}
        answers = self.client.write("POST", VENDORS_PATH, "Vendor", [record])
        found = records_of(self.client, payload["VendorCode"])
        if found:
            if self._all is not None:
                self._all += found
            return self._sent(found)
        raise _refusal(answers, record) or UnconfirmedError(
            _("SAP Concur reported no error, but does not show the new vendor.")
        )

    def _update(self, payload, records, linked=False):
        """Write the records that differ, completely; fields that Odoo does not have stay unchanged."""
        main = main_record(records)
        if is_approved(main) and payload["Approved"] == "Y":
            # the vendor is approved; another address may still wait for its approval
            payload = {**payload, "Approved": ""}
        wanted = [_overlaid(record, payload, record is main) for record in records]
        changed = [new for new, record in zip(wanted, records, strict=True) if new != _writable(record)]
        if changed:
            # whole records: what is left out may be lost
            answers = self.client.write("PUT", VENDORS_PATH, "Vendor", changed, repeatable=True)
            for record in changed:
                if refusal := _refusal(answers, record):
                    raise refusal
            # Concur may shorten values, which is not a change by its users
            wanted = records_of(self.client, code_of(main)) or wanted
        return self._sent(wanted, linked)

    # Vendors that Concur has

    def _known(self, payload):
        """The records of the vendor in Concur: by Odoo's code, tax ID, or exact name and country.

        :raises DuplicateError: several vendors match
        """
        with self._lock:
            self._looked_up += 1
            if self._looked_up > FEW and self._all is None:
                self._all = [record for page in vendor_pages(self.client) for record in page]
        by_code = self._searched("vendorCode", "VendorCode", payload["VendorCode"])
        if own := self._own(payload, by_code):
            return own
        found = next(filter(None, self._with_tax_id(payload)), [])
        if not found:
            named = self._searched("vendorName", "VendorName", payload["VendorName"])
            found = [record for record in named if _may_be(record, payload)]
        codes = sorted({code_of(record) for record in found})
        if len(codes) > 1:
            raise DuplicateError(
                _(
                    "Several vendors in SAP Concur match %(vendor)s: %(codes)s. Merge them there, or map one of them.",
                    vendor=payload["VendorName"],
                    codes=tuple(codes),
                )
            )
        return self._searched("vendorCode", "VendorCode", codes[0]) if codes else []

    def _own(self, payload, records):
        """The records with the code that Odoo gives the vendor.

        :raises DuplicateError: they belong to another vendor
        """
        if records and text(records[0], "VendorName").casefold() != payload["VendorName"].casefold():
            raise DuplicateError(
                _(
                    "The vendor code %(code)s already belongs to %(vendor)s in SAP Concur. Give that vendor another "
                    "code.",
                    code=payload["VendorCode"],
                    vendor=text(records[0], "VendorName"),
                )
            )
        return records

    def _with_tax_id(self, payload):
        """The records of the tax ID, one list for each way to write it: Concur compares the exact text."""
        for value in writings(payload["TaxID"], payload["CountryCode"]):
            yield self._searched("taxID", "TaxID", value)

    def _searched(self, parameter, field, value):
        wanted = value.strip().casefold()
        if self._all is None:
            pages = vendor_pages(self.client, **{parameter: value})
            candidates = [record for page in pages for record in page]
        else:
            candidates = self._all
        return [record for record in candidates if found_text(record, field).casefold() == wanted]


def group_changes(record, groups):
    """(groups to join, groups to leave) of an address, as names in the spelling of Concur.

    :param groups: {name: whether the vendor belongs to it}
    """
    known = {_plain(name): name for name in record.get("VendorGroupList") or ()}
    wanted = {_plain(name): name for name, belongs in groups.items() if belongs}
    left = {_plain(name) for name, belongs in groups.items() if not belongs} - wanted.keys()
    added = [name for plain, name in wanted.items() if plain not in known]
    return added, [name for plain, name in known.items() if plain in left]


def _plain(name):
    return name.strip().casefold()


def _may_be(record, payload):
    """Whether a vendor of the same name matches: in the same country, and without another tax ID."""
    is_stated = not is_filler(text(record, "TaxID")) and not is_filler(payload["TaxID"])
    return text(record, "CountryCode") == payload["CountryCode"] and not is_stated


def _overlaid(record, payload, is_main):
    """The complete record as it should be. A blank value of Odoo clears only parts of the address."""
    address = {name: payload[name] for name in ("Address1", "Address2", "City", "State", "PostalCode", "CountryCode")}
    if not (address["Address1"] or address["City"]):
        address = {}
    elif text(record, "Address3") and address["Address2"].endswith(text(record, "Address3")):
        # Concur's second and third line are one line in Odoo
        address["Address2"] = text(record, "Address2")
    stated = {name: value for name, value in payload.items() if value and name not in address and name != "VendorCode"}
    if is_main:
        stated |= address
    else:
        stated = {name: value for name, value in stated.items() if name in COMMON}
    record = _writable(record)
    return record | {name: value for name, value in stated.items() if value != (record.get(name) or "")}


def _writable(record):
    """The fields of a record that may be written."""
    return {name: value for name, value in record.items() if name not in READ_ONLY and value not in (None, "")}


def _refusal(answers, record):
    """The error for a record that was not saved: the answer has HTTP status 200 and a status for each record."""
    for answer in answers:
        if _record_key(answer) != _record_key(record):
            continue
        refused = [status for status in rows(answer.get("StatusList")) if text(status, "Type").upper() != "SUCCESS"]
        if refused:
            reason = " ".join(text(status, "Message") for status in refused)
            return PermanentError(
                _("SAP Concur did not save the vendor: %(reason)s.", reason=reason.rstrip("."))
                if reason
                else _("SAP Concur did not save the vendor and gave no reason.")
            )
    return None


def _not_grouped(missing, left):
    if missing:
        yield _(
            "SAP Concur did not add the vendor to these groups: %(groups)s. Create the vendor group there under Group "
            "Configurations > Vendor Access, or remove the tag from the flow.",
            groups=tuple(missing),
        )
    if left:
        yield _(
            "SAP Concur did not remove the vendor from these groups: %(groups)s. Remove it there manually.",
            groups=tuple(left),
        )


def _record_key(record):
    return text(record, "VendorCode").upper(), text(record, "AddressCode").upper()
