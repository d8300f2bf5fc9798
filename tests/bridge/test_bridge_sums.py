"""What Ramp approved is what stands in Visma.net, to the last øre, whichever way it goes."""

from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pytest
from support.bridged import CODES, OTHERS, bridged_books
from support.ledger import TAXES, major

CURRENCIES = {"NOK": "NO", "SEK": "SE", "EUR": "DE"}
"""And the country of their vendors."""
VENDORS = 4
"""Of each currency."""
CENT = Decimal("0.01")
ACCOUNTS = ("600000", "611000", "612000")
PROJECTS = ("P-100", "P-200", "P-300", None)
DEPARTMENTS = ("D-10", "D-20", "D-30", None)
TAX_CODES = (None, "vat-15", "vat-21")
NO_TASK, NO_DEPARTMENT = ("X", None), "000"


def add_vendors(books):
    """{currency: ids of vendors}"""
    return {
        currency: [
            books.control.add_vendor(f"Sum {currency} {number} Ærlig", country, currency=currency)
            for number in range(VENDORS)
        ]
        for currency, country in CURRENCIES.items()
    }


def add_bills(books, vendors, numbers):
    """Approved bills in several currencies: split, with discounts, and each eighth a credit; their ids."""
    bills = []
    for number in numbers:
        random = Random(f"sums/{number}")
        currency = list(CURRENCIES)[number % len(CURRENCIES)]
        lines = _lines(random, books.mode, -1 if number % 8 == 3 else 1)
        vendor = random.choice(vendors[currency])
        bills.append(books.add_bill(vendor=vendor, invoice_number=f"SUM-{number}", currency=currency, lines=lines))
    return bills


def _lines(random, mode, sign):
    """Through Odoo's books a bill with tax has one line: how Odoo spreads rounded tax over several is its own rule."""
    tax = random.choice(TAX_CODES)
    count = 1 if tax and mode == "ledger" else random.randint(1, 6)
    lines = [_line(random, sign * random.randint(500_00, 90_000_00), tax) for _ in range(count)]
    if count > 2:
        # a discount
        lines.append(_line(random, -sign * random.randint(1, 500_00), tax))
    return lines


def _line(random, units, tax):
    coding = [["gl", f"gl-{random.choice(ACCOUNTS)}"]]
    coding += [["tax", tax]] if tax else []
    for field, options in (("project", PROJECTS), ("department", DEPARTMENTS)):
        if chosen := random.choice(options):
            coding.append([field, chosen])
    return {"amount": str(Decimal(units) / 100), "memo": "Sample", "coding": coding}


def approved(books, bills):
    """What Ramp approved: {(vendor, currency): total} and {(vendor, currency, account, department, task): amount}."""
    totals, parts = defaultdict(Decimal), defaultdict(Decimal)
    for bill in map(books.sandbox.state.bills.get, bills):
        totals[bill.vendor.name, bill.currency] += major(bill.amount, bill.currency)
        for line in bill.lines:
            amount, codes = major(line.amount, bill.currency), _coded(books.sandbox.state, line)
            if books.mode == "ledger":
                rate = TAXES[codes.get("tax", "vat-0")]
                amount -= (amount * rate / (1 + rate)).quantize(CENT, ROUND_HALF_UP)
            key = (CODES["account"].get(codes["gl"], OTHERS["account"]), _department(codes), _task(codes))
            parts[bill.vendor.name, bill.currency, *key] += amount
    return totals, parts


def _coded(state, line):
    """{`gl`, `tax`, `P` or `D`: code} of a line."""
    options = [state.options.get(option_id).external_id for option_id in line.coding]
    return {
        {"gl": "gl", "vat": "tax", "prj": "P", "dep": "D"}[option.partition("-")[0]]: (
            option if option.startswith("vat") else option.partition("-")[2]
        )
        for option in options
    }


def _department(codes):
    wanted = codes.get("D") and CODES["analytic"].get(codes["D"], OTHERS["analytic"])
    return wanted.rpartition(":")[2] if wanted else NO_DEPARTMENT


def _task(codes):
    return tuple(CODES["analytic"][codes["P"]].split(":")[1:]) if "P" in codes else NO_TASK


def in_question(books):
    return [row for row in books.visma.control.invoices() if row["supplierReference"].startswith("SUM-")]


def in_visma(books):
    """The same of the documents in Visma.net, on hold or released."""
    totals, parts = defaultdict(Decimal), defaultdict(Decimal)
    for row in in_question(books):
        sign = -1 if row["documentType"] == "DebitAdj" else 1
        key = (row["supplier"]["name"], row["currencyId"])
        totals[key] += sign * Decimal(str(row["balanceInCurrency"]))
        for line in row["invoiceLines"]:
            segments = {item["segmentId"]: item["segmentValue"] for item in line["subaccount"]["segments"]}
            task = (line["project"]["id"], (line.get("projectTask") or {}).get("id"))
            parts[*key, line["account"]["number"], segments[1], task] += sign * Decimal(str(line["costInCurrency"]))
    return totals, parts


@pytest.mark.parametrize(("mode", "count"), [("bridge", 120), ("ledger", 40)])
def test_sums_agree(mode, count):
    with bridged_books(f"bridge_sums_{mode}", mode) as books:
        books.switch("bill_files", False)
        vendors, bills = add_vendors(books), []
        for half in range(2):
            books.switch("bill_release_push", half == 0)
            bills += add_bills(books, vendors, range(half * count // 2, (half + 1) * count // 2))
            books.due("bills")
            books.settle_mapped()
        assert in_visma(books) == approved(books, bills)
        states = Counter(row["status"] for row in in_question(books))
        assert states == {"Open": count // 2, "Hold": count // 2}
        assert books.general_problems() == []
