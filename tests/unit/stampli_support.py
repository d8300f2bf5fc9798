"""Templates of the pure readers and writers, made of the defaults, and what they make of files."""

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

from ml_connector.core.documents import FeedColumn, FeedTemplate
from ml_connector.core.files.parse import Reading
from ml_connector.core.files.records import record_of
from ml_connector.core.provider import Settings
from ml_connector.providers.stampli import StampliProvider
from ml_connector.providers.stampli.bills import Bills
from ml_connector.providers.stampli.payments import Payments
from ml_connector.providers.stampli.purchase_orders import PurchaseOrders
from ml_connector.providers.stampli.vendors import Vendors

SAMPLES = Path(__file__).resolve().parents[2] / "ml_connector" / "tests" / "stampli_samples"
PROVIDER = StampliProvider(Settings(base_url="", credentials={}), None, None)


def read_file(definition, content):
    """All documents and notes of a file."""
    reading = Reading(definition, content)
    return SimpleNamespace(documents=tuple(reading.documents), notes=tuple(reading.notes))


def document(template, found, flow="invoices"):
    return PROVIDER.flow(flow).document(record_of(template, found).payload)


def sample(suffix):
    """The invoices of the samples, as a file of this kind."""
    return (SAMPLES / f"invoices_20261120T101500Z_000042.{suffix}").read_bytes()


def zipped(*files):
    """An archive of pairs of a name and its content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def template(spec, **changes):
    values = {
        "entity": spec.entity,
        "key": spec.key,
        "document_element": spec.document_element,
        "root_element": spec.root_element,
        "statuses": spec.statuses,
        "company_code": "ACME-US",
        "columns": tuple(
            FeedColumn(
                label=column.label,
                name=column.name or column.label,
                type=column.type,
                on_line=column.on_line,
                required=column.required,
                aliases=column.aliases,
                decimals=column.decimals,
            )
            for column in spec.columns
        ),
    }
    return FeedTemplate(**{**values, **changes})


def invoices(**changes):
    return template(Bills.template, **changes)


def payments(**changes):
    return template(Payments.template, **changes)


def vendors(**changes):
    return template(Vendors.template, **changes)


def orders(**changes):
    return template(PurchaseOrders.template, **changes)
