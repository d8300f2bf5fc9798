"""Who the example business buys from and who works there; all of it made up."""

import csv
from pathlib import Path
from typing import NamedTuple


class Payee(NamedTuple):
    name: str
    country: str
    state: str  # empty outside of the US
    city: str
    postal_code: str
    street: str
    currency: str
    first_name: str
    last_name: str
    domain: str
    account: str  # GL code of what is usually bought there
    item: str


with (Path(__file__).parent / "payees.csv").open(encoding="utf-8", newline="") as file:
    PAYEES = [Payee(**row) for row in csv.DictReader(file)]

USERS = [
    ("Ada", "Example", "BUSINESS_OWNER"),
    ("Björn", "Lindqvist", "BUSINESS_ADMIN"),
    ("Chloé", "Martin", "BUSINESS_BOOKKEEPER"),
    ("Dmitri", "Ivanov", "BUSINESS_USER"),
    ("Eiko", "Satō", "BUSINESS_USER"),
    ("Farah", "Haddad", "BUSINESS_USER"),
    ("Gil", "Soares", "BUSINESS_USER"),
    ("Hana", "Nováková", "BUSINESS_USER"),
]

DEPARTMENTS = ["Finance", "Engineering", "Sales", "Operations"]
LOCATIONS = ["New York", "Amsterdam"]

# Code, name, classification. The codes are those of Odoo's generic chart; the last two are in none of Odoo's charts.
GL_ACCOUNTS = [
    ("101000", "Current Assets", "ASSET"),
    ("201100", "Credit Card", "CREDCARD"),
    ("211000", "Account Payable", "LIABILITY"),
    ("400000", "Product Sales", "REVENUE"),
    ("450000", "Other Income", "REVENUE"),
    ("500000", "Cost of Goods Sold", "EXPENSE"),
    ("600000", "Expenses", "EXPENSE"),
    ("611000", "Purchase of Equipments", "EXPENSE"),
    ("612000", "Rent", "EXPENSE"),
    ("620000", "Bank Fees", "EXPENSE"),
    ("630000", "Salary Expenses", "EXPENSE"),
    ("961000", "RD Expenses", "EXPENSE"),
    ("962000", "Sales Expenses", "EXPENSE"),
    ("66200-TRAVEL", "Travel & Lodging", "EXPENSE"),
    ("68500-SAAS", "Software Subscriptions", "EXPENSE"),
]

PROJECTS = [
    ("P-100", "Website relaunch"),
    ("P-200", "Plant Göteborg"),
    ("P-300", "Internal IT"),
    ("P-400", "R&D Sensor β"),
]
COST_CENTERS = [("D-10", "Finance"), ("D-20", "Engineering"), ("D-30", "Sales"), ("D-40", "Operations")]
TAX_RATES = [("vat-15", "15%", "0.15"), ("vat-0", "0% Exempt", "0"), ("vat-21", "21% High", "0.21")]
