"""Ramp's wire forms of the objects (the schemas of ``contracts/ramp.json``)."""

from datetime import UTC, date, datetime, timedelta

from .model import CARD_METHODS
from .money import api_amount, conversion_rate, currency_amount
from .state import midnight, now


def moment(value):
    """A moment with the offset ``+00:00``; a date is its midnight."""
    if value is None:
        return None
    return (value if isinstance(value, datetime) else midnight(value)).isoformat()


def moment_z(value):
    """A moment in milliseconds with ``Z``: Ramp mixes both forms in its examples."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def given(**values):
    """Without what is ``None``: keys that the contract knows as optional but not as null."""
    return {key: value for key, value in values.items() if value is not None}


def copied(row, names):
    """Attributes of an object under their own names; days and moments as the API writes them."""
    return {
        name: moment(value) if isinstance(value, date) else value
        for name in names.split()
        for value in [getattr(row, name)]
    }


# -- coding ----------------------------------------------------------------------------------------------------------


def connection(item):
    return {
        **copied(item, "id connection_type is_active remote_provider_name created_at last_linked_at"),
        "is_ready_to_migrate": False,
        "status": "linked" if item.is_active else "unlinked",
        "settings": item.settings if item.is_active else None,
    }


def custom_field(state, item):
    return {
        **copied(item, "name display_name input_type is_active is_splittable is_required_for created_at updated_at"),
        "ramp_id": item.id,
        "id": item.external_id,
        "provider_name": provider_name(state, item),
        "accounting_connection_id": item.connection_id,
    }


def provider_name(state, field):
    return state.connections.get(field.connection_id).remote_provider_name


def category_info(field):
    return {"id": field.external_id, "name": field.name, "ramp_id": field.id}


def _option(state, item):
    return {
        **copied(item, "code is_active entity_remote_ids created_at updated_at"),
        "ramp_id": item.id,
        "id": item.external_id,
        "provider_name": provider_name(state, item.field),
        "accounting_connection_id": item.field.connection_id,
    }


def gl_account(state, item):
    shown = copied(item, "name classification visibility")
    return {**_option(state, item), **shown, "gl_account_category_info": category_info(item.field)}


def accounting_vendor(state, item):
    info = category_info(item.field)
    return {**_option(state, item), "name": item.name, "is_synced": True, "vendor_category_info": info}


def field_option(state, item):
    shown = {"value": item.name, "display_name": item.display_name or item.name, "visibility": item.visibility}
    return {**_option(state, item), **shown}


def selection(state, item):
    """How a coded object names one of its options: ``ApiAccountingFieldSelection``."""
    return {
        **copied(item, "id external_id name display_name"),
        "external_code": item.code or None,
        "provider_name": provider_name(state, item.field),
        "category_info": {**copied(item.field, "id external_id name"), "type": item.field.kind},
    }


def selections(state, option_ids):
    return [selection(state, state.options.get(option_id)) for option_id in option_ids]


# -- vendors ---------------------------------------------------------------------------------------------------------

VENDOR = """
    id name country is_active accounting_vendor_remote_id external_vendor_id created_at default_entity_id
    parent_vendor_id vendor_owner_id vendor_type
"""


def vendor(state, item):
    address = {key: value for key, value in (item.address or {}).items() if key not in ("id", "is_default")}
    return {
        **copied(item, VENDOR),
        "is_deletable": not state.bills_of(item.id),
        "addresses": [item.address] if item.address else [],
        "contacts": [entry.id for entry in item.contacts],
        "default_payment_method": None,
        **vendor_spend(state, item),
        **given(state=item.state, description=item.description, address=address or None),
    }


def vendor_detail(state, item):
    unused = {"custom_form_collection_response": None, "custom_record_fields": None}
    return {**vendor(state, item), "approval_status": item.approval_status, **unused}


def vendor_spend(state, item):
    """Paid bills in USD by age, from the latest of them; Ramp reports spend in USD only."""
    paid = [(bill.paid_at, bill.amount) for bill in state.bills_of(item.id) if bill.paid_at and bill.currency == "USD"]
    latest = max((paid_at for paid_at, _ in paid), default=now())
    starts = {
        "all_time": datetime.min.replace(tzinfo=UTC),
        "ytd": latest.replace(month=1, day=1),
        "last_30_days": latest - timedelta(days=30),
        "last_365_days": latest - timedelta(days=365),
    }
    return {
        f"total_spend_{age}": currency_amount(sum(amount for paid_at, amount in paid if paid_at >= start), "USD")
        for age, start in starts.items()
    }


def contact(item):
    return copied(item, "id email first_name last_name phone is_default")


# -- bills -----------------------------------------------------------------------------------------------------------

BILL = """
    id invoice_number status status_summary approval_status sync_status enable_accounting_sync entity_id issued_at
    due_at accounting_date created_at archived_at draft_bill_id draft_bill_created_at memo vendor_memo
    applied_vendor_credits item_receipt_ids
"""


def bill(state, item, detail=False):
    currency = item.currency
    return {
        **copied(item, BILL),
        "amount": currency_amount(item.amount, currency),
        "fx_conversion_rate": str(item.fx_conversion_rate or rate_of(state, item)),
        "vendor": bill_vendor(state, item.vendor),
        "vendor_contact_id": item.vendor.contacts[0].id if item.vendor.contacts else None,
        "bill_owner": item.owner,
        "line_items": [bill_line(state, line, currency) for line in item.lines],
        "inventory_line_items": [inventory_line(state, line, currency) for line in item.inventory_lines],
        "accounting_field_selections": selections(state, item.coding),
        "invoice_urls": [state.link(file_id) for file_id in item.file_ids],
        "payment": payment(item.payment, detail) if item.payment else None,
        "deep_link_url": f"https://app.ramp.com/bills/{item.id}",
        **given(
            paid_at=moment_z(item.paid_at) if item.paid_at else None,
            posting_date=moment(item.posting_date),
            remote_id=item.remote_id,
            purchase_order_id=next(iter(item.purchase_order_ids), None),
            is_withholding_release=item.is_withholding_release,
        ),
    }


def rate_of(state, item):
    return conversion_rate(item.currency, state.currency_of(item.entity_id), item.issued_at)


def bill_vendor(state, item):
    """The payee, with the remote id of the accounting vendor that it is linked to."""
    known = {"id": item.id, "name": item.name, "type": item.vendor_type}
    if not item.accounting_vendor_remote_id:
        return known
    linked = state.find_accounting_vendor(item.accounting_vendor_remote_id)
    name = {"remote_name": linked.name, "remote_code": linked.code} if linked else {}
    return {**known, "remote_id": item.accounting_vendor_remote_id, **name}


def coded_line(state, line, currency):
    """What lines of bills, of drafts and of card spend have."""
    return {
        "amount": currency_amount(line.amount, currency),
        "memo": line.memo,
        "accounting_field_selections": selections(state, line.coding),
    }


def bill_line(state, line, currency):
    return {
        **coded_line(state, line, currency),
        **copied(line, "purchase_order_line_item_id item_receipt_line_item_ids"),
        "withholding_line_item": withholding(line, currency),
    }


def withholding(line, currency):
    """The retainage of a line: the whole of what is owed for it, and what of that is held back."""
    if not line.withheld:
        return None
    return {
        "gross_amount": api_amount(line.gross, currency),
        "withholding_amount": api_amount(line.withheld, currency),
        "withholding_percentage": None,
    }


def goods(line, currency):
    return {"quantity": line.quantity, "unit_price": currency_amount(line.unit_price, currency)}


def inventory_line(state, line, currency):
    return {**bill_line(state, line, currency), **goods(line, currency)}


def payment(item, detail=False):
    """``trace_id`` only in the detail, dates of initiation only for what is not paid by card."""
    by_card = item.method in CARD_METHODS
    traced = detail and item.trace_id and not by_card
    return {
        **copied(item, "id payment_date details"),
        "payment_method": item.method,
        "amount": currency_amount(item.amount, item.currency),
        "customer_friendly_payment_id": None if by_card else item.reference,
        "effective_date": None if by_card else moment(item.payment_date),
        "trace_id": {"descriptor": f"{item.method} Trace ID", "trace_id": item.trace_id} if traced else None,
    }
