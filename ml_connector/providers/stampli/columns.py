"""What several flows and their templates share.

Stampli agrees on its file format with each customer, so the templates are defaults and can be changed on the
connection.
"""

from ...core.flow import Column, FileOutFlow, Template

DIMENSIONS = ("Department", "Location", "Class", "Project")
UPDATED = Column(label="UpdatedAt", path="write_date", type="datetime")


class DailyFiles(FileOutFlow):
    daily_hour = 4.0


def to_stampli(columns, **values):
    """The template of files for Stampli; all rows begin with the company."""
    return Template(
        folder="inbound",
        file_name="{company}_{feed}_{mode}_{time}_{number}.{ext}",
        root_element="StampliImport",
        columns=(Column(label="CompanyId", name="company", expression="company_code"), *columns),
        **values,
    )


def from_stampli(columns, **values):
    return Template(
        folder="outbound",
        archive_folder="outbound/processed",
        root_element="StampliExport",
        columns=(Column(label="CompanyId", name="company", type="code", required=True), *columns),
        **values,
    )


def vendor_column(path):
    return Column(label="VendorId", expression="code", argument=path, type="code", required=True)
