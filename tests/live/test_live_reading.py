"""Everything that is pulled, read from a tenant and translated; nothing is changed there."""

from datetime import UTC, datetime, timedelta
from itertools import islice

from ml_connector.core.errors import ConnectorError

DAYS = 90
MOST = 200
"""Records of each flow."""


def since():
    return datetime.now(UTC).date() - timedelta(days=DAYS)


def read(tenant, flow, pages):
    """Items and their documents; what cannot be translated is refused with a sentence, and told."""
    found = []
    for item in islice((item for page in pages for item in page.items), MOST):
        try:
            found.append((item, tenant.provider.flow(flow.key).document(item.payload)))
        except ConnectorError as error:
            tenant.notes.append(f"{flow.label}, {item.title}: {error}")
    return found


def test_the_connection_is_good(tenant):
    for finding in tenant.report.findings:
        tenant.notes.append(f"{finding.level}: {finding.title}")
    assert not [finding for finding in tenant.report.findings if finding.level == "error"]


def test_records_are_read_and_translated(tenant, subtests):
    for flow in tenant.flows("pull"):
        if flow.kind == "file":
            continue
        with subtests.test(flow.key):
            found = read(tenant, flow, tenant.provider.flow(flow.key).pull("", since()))
            tenant.notes.append(f"{flow.label}: {len(found)} records")
            for item, _document in found[:1]:
                again = tenant.provider.flow(flow.key).fetch(item.external_id)
                assert again is None or again.external_id == item.external_id
            if flow.files:
                fetch_files(tenant, flow, found)


def fetch_files(tenant, flow, found):
    """The files of the first record that has some."""
    for item, document in found:
        names = [attachment.name for attachment in document.attachments]
        known = {"subject_kind": flow.kind, "names": names, "day": ""}
        files = tenant.provider.flow(flow.files).fetch_files(item.external_id, known)
        for attachment in tenant.provider.flow(flow.files).document(files.payload) if files else ():
            _mimetype, content = tenant.provider.download(attachment.url)
            assert content
            return


def test_what_is_booked_is_listed_again(tenant, subtests):
    for flow in tenant.flows("pull"):
        with subtests.test(flow.key):
            pages = tenant.provider.flow(flow.key).reread()
            if flow.relists:
                pages = (page for pages in (pages, tenant.provider.flow(flow.key).booked(since())) for page in pages)
            read(tenant, flow, pages)
