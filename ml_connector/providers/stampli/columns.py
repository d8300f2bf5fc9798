"""Columns and settings that several templates share.

Stampli agrees on its file format with each customer, so the templates are defaults and can be changed on the
connection.
"""

from ...core.flow import Column

DAILY = 4.0
DIMENSIONS = ("Department", "Location", "Class", "Project")
FILE_NAME = "{company}_{feed}_{mode}_{time}_{number}.{ext}"
COMPANY = Column(label="CompanyId", name="company", expression="company_code")
UPDATED = Column(label="UpdatedAt", path="write_date", type="datetime")


def vendor(path):
    return Column(label="VendorId", expression="code", argument=path, type="code", required=True)


def analytics():
    return tuple(
        Column(label=name, expression="analytic", argument=name, type="code", on_line=True) for name in DIMENSIONS
    )
