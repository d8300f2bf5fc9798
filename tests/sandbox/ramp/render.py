"""Ramp's wire forms of the objects (the schemas of ``contracts/ramp.json``)."""

from datetime import UTC, datetime, time, timedelta

from .model import CARD_METHODS
from .money import conversion_rate, currency_amount


def midnight(day):
    return datetime.combine(day, time(), UTC)


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


# -- coding ----------------------------------------------------------------------------------------------------------


def connection(item):
    return {
        "id": item.id,
        "connection_type": item.connection_type,
        "is_active": item.is_active,
        "is_ready_to_migrate": False,
        "remote_provider_name": item.remote_provider_name,
        "status": "linked" if item.is_active else "unlinked",
        "created_at": moment(item.created_at),
        "last_linked_at": moment(item.last_linked_at),
        "settings": item.settings if item.is_active else None,
    }


def custom_field(state, item):
    return {
        "ramp_id": item.id,
        "id": item.external_id,
        "name": item.name,
        "display_name": item.display_name,
        "input_type": item.input_type,
        "is_active": item.is_active,
        "is_splittable": item.is_splittable,
        "is_required_for": item.is_required_for,
        "provider_name": provider_name(state, item),
        "accounting_connection_id": item.connection_id,
        "created_at": moment(item.created_at),
        "updated_at": moment(item.updated_at),
    }


def provider_name(state, field):
    return state.connections.get(field.connection_id).remote_provider_name


def category_info(field):
    return {"id": field.external_id, "name": field.name, "ramp_id": field.id}


def _option(state, item):
    return {
        "ramp_id": item.id,
        "id": item.external_id,
        "code": item.code,
        "is_active": item.is_active,
        "entity_remote_ids": item.entity_remote_ids,
        "provider_name": provider_name(state, item.field),
        "accounting_connection_id": item.field.connection_id,
        "created_at": moment(item.created_at),
        "updated_at": moment(item.updated_at),
    }


def gl_account(state, item):
    return {
        **_option(state, item),
        "name": item.name,
        "classification": item.classification,
        "visibility": item.visibility,
        "gl_account_category_info": category_info(item.field),
    }


def accounting_vendor(state, item):
    return {
        **_option(state, item),
        "name": item.name,
        "is_synced": True,
        "vendor_category_info": category_info(item.field),
    }


def field_option(state, item):
    return {
        **_option(state, item),
        "value": item.name,
        "display_name": item.display_name or item.name,
        "visibility": item.visibility,
    }


def selection(state, item):
    """How a coded object names one of its options: ``ApiAccountingFieldSelection``."""
    return {
        "id": item.id,
        "external_id": item.external_id,
        "external_code": item.code or None,
        "name": item.name,
        "display_name": item.display_name,
        "provider_name": provider_name(state, item.field),
        "category_info": {
            "id": item.field.id,
            "external_id": item.field.external_id,
            "name": item.field.name,
            "type": item.field.kind,
        },
    }


def selections(state, option_ids):
    return [selection(state, state.options.get(option_id)) for option_id in option_ids]


# -- vendors ---------------------------------------------------------------------------------------------------------


def vendor(state, item, subsidiary=False):
    spend = vendor_spend(state, item)
    address = {key: value for key, value in (item.address or {}).items() if key not in ("id", "is_default")}
    return {
        "id": item.id,
        "name": item.name,
        "country": item.country,
        "is_active": item.is_active,
        "is_deletable": not state.bills_of(item.id),
        "accounting_vendor_remote_id": item.accounting_vendor_remote_id,
        "external_vendor_id": item.external_vendor_id,
        "addresses": [item.address] if item.address else [],
        "contacts": [entry.id for entry in item.contacts],
        "created_at": moment(item.created_at),
        "default_entity_id": item.default_entity_id,
        "default_payment_method": None,
        "parent_vendor_id": item.parent_vendor_id,
        "vendor_owner_id": item.vendor_owner_id,
        "vendor_type": item.vendor_type,
        **spend,
        **given(
            state=item.state,
            description=item.description,
            address=address or None,
            subsidiary=([] if subsidiary else None),
        ),
    }


def vendor_detail(state, item):
    return {
        **vendor(state, item),
        "approval_status": item.approval_status,
        "custom_form_collection_response": None,
        "custom_record_fields": None,
    }


def vendor_spend(state, item):
    """Paid bills in USD by age; Ramp reports spend in USD only."""
    paid = [(bill.paid_at, bill.amount) for bill in state.bills_of(item.id) if bill.paid_at and bill.currency == "USD"]
    latest = max((paid_at for paid_at, _ in paid), default=None)

    def since(start):
        return currency_amount(sum(amount for paid_at, amount in paid if paid_at >= start), "USD")

    if latest is None:
        zero = currency_amount(0, "USD")
        return dict.fromkeys(
            ("total_spend_all_time", "total_spend_ytd", "total_spend_last_30_days", "total_spend_last_365_days"), zero
        )
    return {
        "total_spend_all_time": currency_amount(sum(amount for _, amount in paid), "USD"),
        "total_spend_ytd": since(latest.replace(month=1, day=1)),
        "total_spend_last_30_days": since(latest - timedelta(days=30)),
        "total_spend_last_365_days": since(latest - timedelta(days=365)),
    }


def contact(item):
    return {
        "id": item.id,
        "email": item.email,
        "first_name": item.first_name,
        "last_name": item.last_name,
        "phone": item.phone,
        "is_default": item.is_default,
    }


# -- bills -----------------------------------------------------------------------------------------------------------


def bill(state, item, detail=False):
    currency = item.currency
    return {
        "id": item.id,
        "invoice_number": item.invoice_number,
        "status": item.status,
        "status_summary": item.status_summary,
        "approval_status": item.approval_status,
        "sync_status": item.sync_status,
        "enable_accounting_sync": item.enable_accounting_sync,
        "amount": currency_amount(item.amount, currency),
        "fx_conversion_rate": str(item.fx_conversion_rate or rate_of(state, item)),
        "entity_id": item.entity_id,
        "vendor": bill_vendor(state, item.vendor),
        "vendor_contact_id": item.vendor.contacts[0].id if item.vendor.contacts else None,
        "bill_owner": item.owner,
        "issued_at": moment(item.issued_at),
        "due_at": moment(item.due_at),
        "accounting_date": moment(item.accounting_date),
        "created_at": moment(item.created_at),
        "archived_at": moment(item.archived_at),
        "draft_bill_id": item.draft_bill_id,
        "draft_bill_created_at": moment(item.draft_bill_created_at),
        "memo": item.memo,
        "vendor_memo": item.vendor_memo,
        "line_items": [bill_line(state, line, currency) for line in item.lines],
        "inventory_line_items": [inventory_line(state, line, currency) for line in item.inventory_lines],
        "accounting_field_selections": selections(state, item.coding),
        "applied_vendor_credits": item.applied_vendor_credits,
        "item_receipt_ids": item.item_receipt_ids,
        "invoice_urls": [state.link(file_id) for file_id in item.file_ids],
        "payment": payment(item.payment, detail) if item.payment else None,
        "deep_link_url": f"https://app.ramp.com/bills/{item.id}",
        **given(
            paid_at=moment_z(item.paid_at) if item.paid_at else None,
            posting_date=moment(item.posting_date),
            remote_id=item.remote_id,
            purchase_order_id=item.purchase_order_ids[0] if item.purchase_order_ids else None,
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
    active = state.connection
    field = active and state.field_of(active, "MERCHANT")
    linked = field and state.find_option(field, item.accounting_vendor_remote_id)
    return {
        **known,
        "remote_id": item.accounting_vendor_remote_id,
        **({"remote_name": linked.name, "remote_code": linked.code} if linked else {}),
    }


def bill_line(state, line, currency):
    return {
        "amount": currency_amount(line.amount, currency),
        "memo": line.memo,
        "accounting_field_selections": selections(state, line.coding),
        "purchase_order_line_item_id": line.purchase_order_line_item_id,
        "item_receipt_line_item_ids": line.item_receipt_line_item_ids,
        "withholding_line_item": withholding(line, currency),
    }


def withholding(line, currency):
    """The retainage of a line: the whole of what is owed for it, and what of that is held back."""
    if not line.withheld:
        return None
    return {
        "gross_amount": {"currency": currency, "value": line.gross},
        "withholding_amount": {"currency": currency, "value": line.withheld},
        "withholding_percentage": None,
    }


def inventory_line(state, line, currency):
    return {
        **bill_line(state, line, currency),
        "quantity": line.quantity,
        "unit_price": currency_amount(line.unit_price, currency),
    }


def payment(item, detail=False):
    """``trace_id`` only in the detail, dates of initiation only for what is not paid by card."""
    by_card = item.method in CARD_METHODS
    traced = detail and item.trace_id and not by_card
    return {
        "id": item.id,
        "payment_method": item.method,
        "amount": currency_amount(item.amount, item.currency),
        "customer_friendly_payment_id": None if by_card else item.reference,
        "payment_date": moment(item.payment_date),
        "effective_date": None if by_card else moment(item.payment_date),
        "details": item.details,
        "trace_id": {"descriptor": f"{item.method} Trace ID", "trace_id": item.trace_id} if traced else None,
    }
