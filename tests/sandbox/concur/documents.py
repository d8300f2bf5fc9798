"""Builds financial documents as Concur sends them (page "Financial Documents Schema")."""

from datetime import datetime, time
from decimal import Decimal
from hashlib import sha256

CASH, CBCP, IBCP, COPD = "CASH", "CBCP", "IBCP", "COPD"
PAYERS = {CASH: "EMPL", CBCP: CBCP, IBCP: IBCP, COPD: COPD}
PERSONAL_CLEARING = "199999"
AMOUNTS = ("amountGross", "amountNetOfReclaim", "amountNetOfTax")


def moment(day):
    return datetime.combine(day, time()).isoformat(timespec="milliseconds") + "Z"


def identity(*parts, length=32):
    return sha256("/".join(map(str, parts)).encode()).hexdigest()[:length].upper()


def money(value):
    return Decimal(str(value))


def tax(code, amount, reclaim, label="VAT"):
    """A tax of an allocation."""
    return {
        "taxGuid": identity(code, amount, length=8),
        "taxAuthorityLabel": label,
        "taxCode": code,
        "taxReclaimCode": code,
        "amountTax": money(amount),
        "amountReclaim": money(reclaim),
    }


def journal(payer, payee, account, gross, taxes=()):
    gross = money(gross)
    return {
        "journalPayer": payer,
        "journalPayee": payee,
        "journalAccountCode": account,
        "amountGross": gross,
        "amountNetOfReclaim": gross - sum(row["amountReclaim"] for row in taxes),
        "amountNetOfTax": gross - sum(row["amountTax"] for row in taxes),
        "taxGuid": [row["taxGuid"] for row in taxes],
    }


def allocation(journals, *, percentage=100, centre=("CC100", "Sales"), project=None, taxes=()):
    code, name = centre or (None, None)
    project_code, project_name = project or (None, None)
    return {
        "allocationId": "A1",
        "allocationPercentage": money(percentage),
        "allocationCustom1Code": code,
        "allocationCustom1Value": name,
        "allocationCustom2Code": project_code,
        "allocationCustom2Value": project_name,
        "journal": list(journals),
        "tax": list(taxes),
    }


def entry(
    account, gross, *, paid=CASH, pat_key=None, taxes=(), day, name="Taxi", shares=None, spent=None, project=None
):
    """A business expense: one journal an allocation.

    :param shares: {(cost centre code, name): percentage}; by default all on one
    :param spent: (amount, currency, rate, direction) where that is not the reimbursement currency
    """
    gross, party = money(gross), PAYERS[paid]
    payer, payee = ("COMP", party) if gross >= 0 else (party, "COMP")
    allocations, left = [], gross
    shares = shares or {("CC100", "Sales"): 100}
    for number, (centre, percentage) in enumerate(shares.items(), start=1):
        part = left if number == len(shares) else (gross * percentage / 100).quantize(Decimal("0.01"))
        left -= part
        own = taxes if len(shares) == 1 else ()
        journals = [journal(payer, payee, account, part, own)]
        allocations.append(allocation(journals, percentage=percentage, centre=centre, project=project, taxes=own))
    return _entry(day, name, gross, gross, allocations, paid, pat_key, "N", spent)


def personal_entry(gross, *, paid=CBCP, pat_key=None, day, account=PERSONAL_CLEARING):
    """A personal item on a company-paid card: the company owes the card, and the employee the company."""
    gross, party = money(gross), PAYERS[paid]
    rows = [journal("COMP", party, account, gross), journal("EMPL", "COMP", account, -gross)]
    return _entry(day, "Personal", gross, Decimal(0), [allocation(rows)], paid, pat_key, "Y", None)


def _entry(day, name, spent_amount, approved, allocations, paid, pat_key, is_personal, spent):
    amount, currency, rate, direction = spent or (spent_amount, None, 1, "M")
    return {
        "entryId": identity(day, name, spent_amount, approved, len(allocations)),
        "expenseTypeCode": "OTHER",
        "expenseTypeName": name,
        "entryDate": moment(day),
        "entryVendorDescription": "Café Größe & Söhne",
        "reportEntryTransactionAmount": money(amount),
        "entryCurrAlphaCode": currency,
        "entryExchangeRate": money(rate),
        "entryExchangeRateDirection": direction,
        "entryApprovedAmount": approved,
        "entryIsPersonal": is_personal,
        "reportEntryPatKey": pat_key or paid,
        "expensePayIndicator": "N",
        "entryReceiptId": identity(name, spent_amount),
        "entryReceiptType": "R",
        "clearingAccountCode": None if paid == CASH else PERSONAL_CLEARING,
        "entryLocationName": "Minneapolis",
        **(_card(paid, day, money(amount), currency) if paid in (CBCP, IBCP) else {}),
        "allocation": allocations,
    }


def _card(paid, day, amount, currency):
    """Of what was paid by card."""
    return {
        "cardAccountID": identity("card", paid),
        "cardTransactionID": identity("card", day, amount),
        "cardTransactionAmount": amount,
        "cardTransactionCurrency": currency or "USD",
        "cardTransactionPostedAmount": amount,
        "cardTransactionPostedCurrency": currency or "USD",
        "cardProcessorReferenceNumber": identity("reference", day, amount, length=23),
    }


def advance(amount, account="CADV"):
    """A cash advance that is set off: the amount is negative."""
    return {
        "cashAdvanceId": identity("advance", amount),
        "cashAdvanceApplicationAmount": money(amount),
        "cashAdvanceTransactionType": 2,
        "cashAdvanceClearingAccountCode": account,
    }


def person(number, first="Ada", last="Example", login="ada@example.com"):
    return {
        "employeeId": number,
        "employeeFirstName": first,
        "employeeLastName": last,
        "loginId": login,
        "emailAddress": login,
    }


def report(report_id, entries, *, day, currency="USD", employee=None, advances=(), **values):
    approved = sum((row["entryApprovedAmount"] for row in entries), Decimal(0))
    return {
        "employee": employee or person("E1042"),
        "report": {
            "reportId": report_id,
            "reportKey": 501,
            "reportNumber": identity(report_id, length=6),
            "reportName": "Trip to Boston",
            "ledgerCode": "DEFAULT",
            "employeeCurrencyAlphaCode": currency,
            "homeCountryCode": "US",
            "isTest": "N",
            "totalApprovedAmount": approved,
            "cashAdvanceReturnsAmount": Decimal(0),
            "payrollPayIndicator": "N",
            "revisionNumber": "1",
            "reportSubmitDate": moment(day),
            "reportUserDefinedDate": moment(day),
            "reportPaymentProcessingDate": moment(day),
            "requestId": [],
            **values,
        },
        "expenseEntry": list(entries),
        "cashAdvanceApplication": list(advances),
    }


def reopened(content, entries, form):
    """A report that was posted and comes again with other expenses.

    :param form: `whole`, or `difference`: what was posted taken back, and the expenses of now
    """
    head = content["report"]
    approved = sum((row["entryApprovedAmount"] for row in entries), Decimal(0))
    number = str(int(head["revisionNumber"]) + 1)
    taken_back = [_taken_back(row) for row in content["expenseEntry"]] if form == "difference" else []
    return {
        **content,
        "report": {**head, "revisionNumber": number, "totalApprovedAmount": approved},
        "expenseEntry": [*taken_back, *entries],
    }


def _taken_back(row):
    return {
        **_negated(row, ("entryApprovedAmount",)),
        "allocation": [
            {
                **part,
                "journal": [_swapped(_negated(line, AMOUNTS)) for line in part["journal"]],
                "tax": [_negated(tax, ("amountTax", "amountReclaim")) for tax in part["tax"]],
            }
            for part in row["allocation"]
        ],
    }


def _negated(row, names):
    return {**row, **{name: -row[name] for name in names}}


def _swapped(line):
    return {**line, "journalPayer": line["journalPayee"], "journalPayee": line["journalPayer"]}


def invoice(
    request_id, lines, *, day, number, vendor=("V-0042", "Example Supplies Ltd", "001"), currency="USD", **values
):
    """A vendor invoice.

    :param lines: (description, account, net, shipping, tax rows) each
    """
    net = sum((money(row[2]) for row in lines), Decimal(0))
    shipping = sum((money(row[3]) for row in lines), Decimal(0))
    taxes = sum((money(part["amountTax"]) for row in lines for part in row[4]), Decimal(0))
    code, name, address = vendor
    return {
        "requestHeader": {
            "requestId": request_id,
            "reqKey": 35,
            "vendorInvoiceNumber": number,
            "invoiceDate": day.isoformat(),
            "invoiceReceivedDate": day.isoformat(),
            "paymentDueDate": day.replace(day=28).isoformat(),
            "currencyAlphaCode": currency,
            "requestTotal": net + shipping + taxes,
            "amountNetInvoice": net,
            "amountShippingTotal": shipping,
            "amountTax": taxes,
            "ledgerCode": "DEFAULT",
            "isTest": "N",
            "requestTitle": lines[0][0],
            "revisionNumber": "1",
            **values,
        },
        "ownerEmployee": person("E2001", "Bo", "Example", "bo@example.com"),
        "vendor": {"vendorCode": code, "vendorName": name, "vendorRemitToAddressCode": address},
        "lineItem": [_line(place, *row) for place, row in enumerate(lines, start=1)],
    }


def _line(place, description, account, net, shipping, taxes):
    net, shipping = money(net), money(shipping)
    taxed = sum((money(part["amountTax"]) for part in taxes), Decimal(0))
    return {
        "lineItemSequenceOrder": place,
        "lineItemDescription": description,
        "lineItemQuantity": Decimal(1),
        "lineItemUnitPrice": net,
        "expenseTypeCode": "2000   ",
        "expenseTypeName": "Material",
        "receiptNumbers": [],
        "allocation": [
            {
                "allocationKey": 158,
                "allocationAccountCode": account,
                "allocationPercentage": Decimal(100),
                "allocationCustom1Code": "CC100",
                "allocationCustom1Value": "Sales",
                "journal": {
                    "accountCode": account,
                    "amountNet": net,
                    "amountShipping": shipping,
                    "amountGross": net + shipping + taxed,
                    "tax": list(taxes) or None,
                },
            }
        ],
    }


def invoice_tax(code, amount):
    return {"taxCode": code, "amountTax": money(amount), "taxField": "VAT1"}


def cash_advance(advance_id, amount, *, day, currency="USD", employee=None, name="Boston trip", **values):
    return {
        "employeeData": employee or person("E1042"),
        "cashAdvanceData": {
            "cashAdvanceId": advance_id,
            "name": name,
            "requestAmount": money(amount),
            "currencyAlphaCode": currency,
            "employeeCurrencyAlphaCode": currency,
            "exchangeRate": Decimal(1),
            "issuedDate": moment(day),
            "requestDate": moment(day),
            "paymentMethod": 0,
            "transactionType": 1,
            "expensePayIndicator": "N",
            "isTest": "N",
            **values,
        },
        "journalData": [
            {"accountCode": "CADV", "amount": money(amount), "debitOrCredit": "DR", "payer": "COMP", "payee": "EMPL"}
        ],
    }


def payroll(report_id, items, *, day, currency="USD", employee=None):
    """:param items: (wage type, amount, pay indicator) each"""
    entries = [
        {
            "entryId": identity(report_id, place),
            "entryDate": moment(day),
            "expenseTypeCode": "MEALS",
            "expenseTypeName": "Meals",
            "entryIsPersonal": "N",
            "entryApprovedAmount": money(amount),
            "payrollData": [{"wageType": wage_type, "entryApprovedAmount": money(amount), "payrollPayIndicator": pays}],
        }
        for place, (wage_type, amount, pays) in enumerate(items)
    ]
    return {
        "report": {
            "reportId": report_id,
            "reportNumber": identity(report_id, length=6),
            "reportName": "February",
            "employeeCurrencyAlphaCode": currency,
            "homeCountryCode": "US",
            "isTest": "N",
            "payrollPayIndicator": "Y",
            "revisionNumber": "1",
            "reportPaymentProcessingDate": moment(day),
        },
        "employee": employee or person("E1042"),
        "cashAdvanceApplication": {
            "cashAdvanceApplicationAmount": Decimal(0),
            "payrollPayIndicator": "Y",
            "cashAdvanceReturnsAmount": Decimal(0),
        },
        "expenseEntry": entries,
        "travelAllowances": [],
    }
