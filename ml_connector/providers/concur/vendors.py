"""Vendors of Concur Invoice, both ways (invoice/v3.1.vendor).

Each record of Concur is one address; the records of one vendor code are one vendor, with one name and one tax ID.
Concur keeps no time of change, so all of them are read, and what differs from the last reading is taken.
"""

# Odoo translates, and there is no Odoo here.

import hashlib
import threading
from collections import defaultdict
from dataclasses import replace
from functools import partial

from ...core import items as listed
from ...core.documents import Address, Contact, OwnId, Vendor
from ...core.errors import DuplicateError, InvalidDataError, NotRelevantError, PermanentError, UnconfirmedError
from ...core.provider import RemotePage, RemoteRecord, SendResult, content_version
from ...core.tax_numbers import is_filler, writings
from .wire import found_text, rows, text

OWN_ADDRESS = "MAIN"
"""Address code of the vendors that Odoo makes."""
PAGE = 200
FEW = 5
"""Up to so many vendors are looked up one by one; for more all are read once."""
READ_ONLY = ("Country", "ID", "StatusList", "URI", "VendorBankList", "VendorGroupList")
NOT_COMPARED = ("StatusList", "URI", "VendorBankList", "VendorGroupList")
LONGEST = {
    "VendorName": 255,
    "Address1": 255,
    "Address2": 255,
    "City": 255,
    "PostalCode": 20,
    "TaxID": 48,
    "ContactEmail": 255,
    "ContactFirstName": 255,
    "ContactLastName": 255,
    "ContactPhoneNumber": 25,
}
"""What Concur takes of each field (page Vendors v3.1)."""
BANK_CURRENCIES = ("AUD", "EUR", "GBP", "USD")
"""Of the currencies of bank accounts those that Concur knows; the others are left out."""
LONGEST_HOLDER = 100
SENT_AFTER = ("banks", "groups")
"""Of what is sent, what Concur takes only for a vendor that is there."""
REMARKS = "remarks"
"""Key of what is not sent: what a person has to know of that."""
DISPENSABLE = ("ContactEmail", "ContactPhoneNumber")
"""Of the fields those without which the vendor is sent when they are too long."""
COMMON = ("VendorName", "TaxID", "Approved")
"""What Odoo has for all addresses of a vendor alike."""
NEEDS_STATE = ("AU", "CA", "US")


def vendor_key(code):
    """Id of a vendor; Concur's codes know no case."""
    return code.strip().upper()


def own_code(instance, partner_id):
    """The vendor code of a partner of this database, which another database does not give."""
    database = instance.rpartition(":")[0]
    mark = hashlib.sha256(database.encode()).hexdigest()[:4].upper()
    return f"ODOO-{mark}-{partner_id}"


def own_partner(instance, code):
    """Our partner's id in a vendor code; None when the code is not of this database."""
    prefix = own_code(instance, "")
    return OwnId.read(vendor_key(code).removeprefix(prefix)) if vendor_key(code).startswith(prefix) else None


def main_record(records):
    """The address that is the vendor's own: the one that Odoo made, else the one of the lowest code."""
    by_code = {text(record, "AddressCode").upper(): record for record in records}
    return by_code.get(OWN_ADDRESS) or by_code[min(by_code)]


def is_approved(record):
    return text(record, "Approved").upper() != "N"


class VendorPuller:
    """All approved vendors."""

    def __init__(self, provider):
        self._provider = provider

    def pull(self, _cursor, _since):
        """The records of a vendor may be on two pages, so nothing is known before the last one has come."""
        found = defaultdict(list)

        def note(record):
            if is_approved(record):
                vendor_item([record])
                found[_code(record)].append(record)

        # what cannot be read is known at once
        yield from listed.pages(self._provider.client.vendors(), note, self._provider.label)
        items = [vendor_item(records) for _code_of, records in sorted(found.items())]
        for start in range(0, len(items), PAGE):
            yield RemotePage(items=tuple(items[start : start + PAGE]), total=len(items))

    def fetch(self, external_id):
        """A vendor that a record names, approved or not."""
        records = records_of(self._provider.client, external_id)
        return vendor_item(records) if records else None

    def document(self, payload):
        return vendor(payload, self._provider.settings.instance)


def records_of(client, code):
    """All addresses of a vendor."""
    pages = client.vendors(vendorCode=code, searchType="exact")
    return [
        record for page in pages for record in page if vendor_key(found_text(record, "VendorCode")) == vendor_key(code)
    ]


def vendor_item(records):
    """One vendor. Bank accounts do not belong into the books, so they are not even stored."""
    kept = [{name: value for name, value in record.items() if name not in NOT_COMPARED} for record in records]
    kept.sort(key=lambda record: text(record, "AddressCode").upper())
    return RemoteRecord(
        external_id=_code(records[0]),
        version=content_version(kept),
        title=text(main_record(records), "VendorName"),
        payload={"records": kept},
    )


def _code(record):
    code = vendor_key(text(record, "VendorCode"))
    if not code:
        raise InvalidDataError("It has no vendor code.")
    return code


def vendor(payload, instance):
    """The `Vendor` that the records of a code are; further addresses are contacts of it.

    :raises InvalidDataError: the records are not one vendor
    """
    records = rows(payload.get("records"))
    if not records:
        raise InvalidDataError("The vendor has no address in SAP Concur.")
    main = main_record(records)
    numbers = sorted({text(record, "TaxID") for record in records} - {""})
    if len(numbers) > 1:
        raise InvalidDataError(
            f"The vendor has several tax IDs in SAP Concur: {', '.join(numbers)}. Leave one of them."
        )
    code = _code(main)
    return Vendor(
        external_id=code,
        odoo_id=own_partner(instance, code),
        name=text(main, "VendorName"),
        vat=numbers[0] if numbers else "",
        active=any(is_approved(record) for record in records),
        address=_address(main),
        contacts=(*_contact(main), *(_further(record) for record in records if record is not main)),
    )


def _address(record):
    return Address(
        street=text(record, "Address1"),
        street2=", ".join(filter(None, (text(record, "Address2"), text(record, "Address3")))),
        city=text(record, "City"),
        postal_code=text(record, "PostalCode"),
        state=text(record, "State"),
        country=text(record, "CountryCode"),
    )


def _contact(record):
    name = " ".join(filter(None, (text(record, "ContactFirstName"), text(record, "ContactLastName"))))
    email, phone = text(record, "ContactEmail"), text(record, "ContactPhoneNumber")
    return (Contact(name=name, email=email, phone=phone, is_default=True),) if name or email or phone else ()


def _further(record):
    """Another address. Its code tells it from the others, so it is its name at first."""
    code = text(record, "AddressCode")
    return Contact(external_id=code.upper(), name=f"Address {code}", address=_address(record))


# To Concur


def vendor_fields(document, instance):
    """The fields that Odoo has of a vendor, and `VendorCode`, which counts only for a vendor that Concur lacks.

    :raises InvalidDataError: Concur needs something that the vendor does not have
    """
    name = document.name.strip()
    if not name:
        raise InvalidDataError("SAP Concur needs a name: enter one on the vendor.")
    address = document.address
    if not address.country:
        raise InvalidDataError(f"SAP Concur needs a country: enter one on the vendor {name}.")
    if address.country in NEEDS_STATE and not address.state:
        raise InvalidDataError(f"SAP Concur needs the state of a vendor in this country: enter it on {name}.")
    contact = next((contact for contact in document.contacts if contact.is_default), Contact())
    fields = {
        "VendorName": name,
        "CountryCode": address.country,
        "CurrencyCode": document.currency,
        "Address1": address.street,
        "Address2": address.street2,
        "City": address.city,
        "State": address.state.rpartition("-")[2],
        "PostalCode": address.postal_code,
        "TaxID": "" if is_filler(document.vat) else document.vat,
        "ContactEmail": contact.email,
        "ContactPhoneNumber": contact.phone,
        "Approved": "Y" if document.active else "N",
    }
    too_long = [key for key, most in LONGEST.items() if len(fields.get(key) or "") > most]
    if needed := [key for key in too_long if key not in DISPENSABLE]:
        raise InvalidDataError(f"The vendor {name} is too long for SAP Concur in: {', '.join(needed)}.")
    remarks = [f"SAP Concur takes {LONGEST[key]} characters of {key}, so it was not sent." for key in too_long]
    fields = {"VendorCode": own_code(instance, document.odoo_id), **fields, **dict.fromkeys(too_long, "")}
    banks = []
    for account in document.pay_to:
        try:
            banks.append(bank_fields(account))
        except InvalidDataError as error:
            remarks.append(error.message)
    if banks:
        fields["banks"] = banks
    if document.memberships:
        fields["groups"] = document.memberships
    if remarks:
        fields[REMARKS] = remarks
    return fields


def bank_fields(account):
    """A bank account, without the codes of its vendor.

    :raises InvalidDataError: its country is not known, which Concur would take for the United States
    """
    if not account.country:
        raise InvalidDataError(
            f"SAP Concur needs the country of the bank account …{account.number[-4:]}: enter its bank with a country."
        )
    fields = {
        "AccountNumber": account.number,
        "AccountType": "CHCK",
        "IsActive": "Y",
        "NameOnAccount": account.holder[:LONGEST_HOLDER],
        "RoutingNumber": account.bic,
        "BankName": account.bank_name,
        "CountryCode": account.country,
        "CurrencyAlphaCode": account.currency if account.currency in BANK_CURRENCIES else "",
    }
    return {name: value for name, value in fields.items() if value}


def group_changes(record, groups):
    """Names of the groups to which an address is to be added, and of those it is to leave, as Concur writes these.

    :param groups: {name: whether the vendor belongs to it}
    """
    known = {_plain(name): name for name in record.get("VendorGroupList") or ()}
    wanted = {_plain(name): name for name, belongs in groups.items() if belongs}
    left = {_plain(name) for name, belongs in groups.items() if not belongs} - wanted.keys()
    added = [name for plain, name in wanted.items() if plain not in known]
    return added, [name for plain, name in known.items() if plain in left]


def _plain(name):
    return name.strip().casefold()


class VendorPush:
    """Vendors of Odoo to Concur. A vendor that Concur has is found before one is made."""

    def __init__(self, provider):
        self._provider = provider
        self._lock = threading.Lock()
        self._looked_up = 0
        self._all = None

    @property
    def client(self):
        return self._provider.client

    def render(self, document):
        return vendor_fields(document, self._provider.settings.instance)

    def send(self, payload, external_id, _key):
        kept = {name: value for name, value in payload.items() if name not in (*SENT_AFTER, REMARKS)}
        return self._with_the_rest(self._send(kept, external_id), payload)

    def _with_the_rest(self, sent, payload):
        """Send what goes to calls of its own, which need the vendor. None of it holds up another."""
        remarks = [*payload.get(REMARKS, ())]
        if not any(payload.get(name) for name in SENT_AFTER):
            return replace(sent, note=" ".join(remarks))
        records = records_of(self.client, sent.external_id)
        refusal = None
        try:
            remarks.append(self._send_banks(main_record(records), payload.get("banks") or []))
        except PermanentError as error:
            refusal = error
        missed = self._send_groups(records, payload.get("groups") or {})
        if refusal:
            raise PermanentError(" ".join([refusal.message, *missed]))
        return replace(sent, note=" ".join(filter(None, [*remarks, *missed])), is_incomplete=bool(missed))

    def _send_groups(self, records, groups):
        """Put all addresses of a vendor into groups, or take them out; sentences about what was not done.

        Whether it was done only the vendor itself shows, so it is read again.
        """
        missed, changed = [], False
        for record in records:
            key = record["VendorCode"], record["AddressCode"]
            added, removed = group_changes(record, groups)
            calls = [partial(self.client.add_vendor_groups, *key, [name]) for name in added]
            calls += [partial(self.client.remove_vendor_group, *key, name) for name in removed]
            for call in calls:
                try:
                    call()
                except PermanentError as error:
                    missed.append(error.message)
            changed = changed or bool(calls)
        if not changed:
            return []
        for record in records_of(self.client, records[0]["VendorCode"]):
            missed += _not_grouped(*group_changes(record, groups))
        return list(dict.fromkeys(missed))

    def _send_banks(self, main, banks):
        """Add or change bank accounts; a note on those that only Concur has, which are left as they are."""
        if not banks:
            return ""
        key = {"VendorCode": main["VendorCode"], "AddressCode": main["AddressCode"]}
        known = {text(bank, "AccountNumber"): bank for bank in rows(main.get("VendorBankList"))}
        changed = [bank for bank in banks if bank.items() - known.get(bank["AccountNumber"], {}).items()]
        if changed and (
            refusal := _bank_refusal(self.client.update_vendor_banks([{**key, **bank} for bank in changed]))
        ):
            raise refusal
        sent = {bank["AccountNumber"] for bank in banks}
        others = [number for number, bank in known.items() if number not in sent and text(bank, "IsActive") != "N"]
        if not others:
            return ""
        ends = ", ".join(f"…{number[-4:]}" for number in others)
        return f"SAP Concur has other active bank accounts of the vendor, which were left alone: {ends}."

    def _send(self, payload, external_id):
        if external_id:
            records = records_of(self.client, external_id)
            if not records:
                raise PermanentError(f"SAP Concur has no vendor with the code {external_id} any more.")
            return self._update(payload, records)
        if payload["Approved"] == "N":
            raise NotRelevantError("The vendor was archived in Odoo before it was sent.")
        known = self._known(payload)
        if known:
            return self._update(payload, known, linked=True)
        return self._create(payload)

    def find(self, payload, _key):
        """Whether a vendor that we may have made is there; what goes after it is sent then."""
        records = self._own(payload, records_of(self.client, payload["VendorCode"]))
        return self._with_the_rest(self._sent(records), payload) if records else None

    def _sent(self, records, linked=False):
        """:param records: as Concur has them now"""
        made = vendor({"records": records}, self._provider.settings.instance)
        return SendResult(external_id=made.external_id, linked=linked, shared=made.shared())

    def _create(self, payload):
        record = {"AddressCode": OWN_ADDRESS, **{name: value for name, value in payload.items() if value}}
        answers = self.client.create_vendors([record])
        found = records_of(self.client, payload["VendorCode"])
        if found:
            if self._all is not None:
                self._all += found
            return self._sent(found)
        raise _refusal(answers, record) or UnconfirmedError(
            "SAP Concur took the vendor without a word, but does not show it."
        )

    def _update(self, payload, records, linked=False):
        """Write what differs, as whole records; what Odoo does not have is left as it is."""
        main = main_record(records)
        if is_approved(main) and payload["Approved"] == "Y":
            # another address may still wait for its approval
            payload = {**payload, "Approved": ""}
        wanted = [_overlaid(record, payload, record is main) for record in records]
        changed = [new for new, record in zip(wanted, records, strict=True) if new != _writable(record)]
        if changed:
            answers = self.client.update_vendors(changed)
            for record in changed:
                if refusal := _refusal(answers, record):
                    raise refusal
            # Concur may have cut what it took, which is no change of a person's
            wanted = records_of(self.client, _code(main)) or wanted
        return self._sent(wanted, linked)

    # Vendors that Concur has

    def _known(self, payload):
        """The records of the vendor in Concur: by our code, tax ID, or exact name and country.

        :raises DuplicateError: several could be it
        """
        with self._lock:
            self._looked_up += 1
            if self._looked_up > FEW and self._all is None:
                self._all = [record for page in self.client.vendors() for record in page]
        by_code = self._searched("vendorCode", "VendorCode", payload["VendorCode"])
        if own := self._own(payload, by_code):
            return own
        found = next(filter(None, self._with_tax_id(payload)), [])
        if not found:
            named = self._searched("vendorName", "VendorName", payload["VendorName"])
            found = [record for record in named if _may_be(record, payload)]
        codes = sorted({_code(record) for record in found})
        if len(codes) > 1:
            raise DuplicateError(
                f"SAP Concur has several vendors that {payload['VendorName']} could be: {', '.join(codes)}. Merge them "
                "there, or choose one under Mappings."
            )
        return self._searched("vendorCode", "VendorCode", codes[0]) if codes else []

    def _own(self, payload, records):
        """The records under our own code.

        :raises DuplicateError: they are another vendor
        """
        if records and text(records[0], "VendorName").casefold() != payload["VendorName"].casefold():
            raise DuplicateError(
                f"SAP Concur has the vendor code {payload['VendorCode']} for {text(records[0], 'VendorName')}: give "
                "that vendor another code there."
            )
        return records

    def _with_tax_id(self, payload):
        """The records of the tax ID, one list for each way to write it: Concur compares the very text."""
        for value in writings(payload["TaxID"], payload["CountryCode"]):
            yield self._searched("taxID", "TaxID", value)

    def _searched(self, parameter, field, value):
        wanted = value.strip().casefold()
        if self._all is None:
            pages = self.client.vendors(**{parameter: value, "searchType": "exact"})
            candidates = [record for page in pages for record in page]
        else:
            candidates = self._all
        return [record for record in candidates if found_text(record, field).casefold() == wanted]


def _may_be(record, payload):
    """Whether a vendor of the same name is the one: in the same country, and without another tax ID."""
    is_stated = not is_filler(text(record, "TaxID")) and not is_filler(payload["TaxID"])
    return text(record, "CountryCode") == payload["CountryCode"] and not is_stated


def _overlaid(record, payload, is_main):
    """The whole record as it should be. A blank value of ours clears only what belongs to the address."""
    address = {name: payload[name] for name in ("Address1", "Address2", "City", "State", "PostalCode", "CountryCode")}
    if not (address["Address1"] or address["City"]):
        address = {}
    elif text(record, "Address3") and address["Address2"].endswith(text(record, "Address3")):
        # two lines of theirs are one of ours
        address["Address2"] = text(record, "Address2")
    stated = {name: value for name, value in payload.items() if value and name not in address and name != "VendorCode"}
    if is_main:
        stated |= address
    else:
        stated = {name: value for name, value in stated.items() if name in COMMON}
    record = _writable(record)
    return record | {name: value for name, value in stated.items() if value != (record.get(name) or "")}


def _writable(record):
    """What of a record may be sent back."""
    return {name: value for name, value in record.items() if name not in READ_ONLY and value not in (None, "")}


def _refusal(answers, record):
    """The error for a record that was not saved: a refusal comes as a status of the record, under HTTP 200."""
    for answer in answers:
        if _record_key(answer) != _record_key(record):
            continue
        refused = [status for status in rows(answer.get("StatusList")) if text(status, "Type").upper() != "SUCCESS"]
        if refused:
            said = " ".join(text(status, "Message") for status in refused) or "no reason was given"
            return PermanentError(f"SAP Concur did not save the vendor: {said.rstrip('.')}.")
    return None


def _bank_refusal(answers):
    for answer in answers:
        if refusal := _refusal([answer], answer):
            return refusal
    return None


def _not_grouped(missing, left):
    if missing:
        yield (
            f"SAP Concur did not put the vendor into {', '.join(missing)}: make the vendor group there under Group "
            "Configurations > Vendor Access, or take the tag off the flow."
        )
    if left:
        yield f"SAP Concur did not take the vendor out of {', '.join(left)}: do that there."


def _record_key(record):
    return text(record, "VendorCode").upper(), text(record, "AddressCode").upper()
