"""How a supplier ledger document is put together: codes are looked up, VAT and totals are computed."""

from decimal import ROUND_HALF_UP, Decimal

from .errors import refuse
from .routes import known
from .wire import moment, number


def apply_header(state, row, body, new=False):
    if new:
        row["supplier"] = find_supplier(state, body.get("supplierNumber"))
        row["_zone"] = state.suppliers[row["supplier"]["number"]]["vatZone"]["id"]
        row["supplierReference"] = ""
        row["currencyId"] = state.suppliers[row["supplier"]["number"]]["currencyId"]
        row["taxCalculationMode"] = "TaxSetting"
    for name in ("supplierReference", "description", "paymentRefNo", "note", "currencyId", "taxCalculationMode"):
        if name in body:
            row[name] = body[name]
    known(state.currencies, row["currencyId"], "currency")
    for name in ("date", "origInvoiceDate", "dueDate"):
        if name in body:
            row[name] = moment(body[name])
    if "date" not in row:
        raise refuse("'Date' cannot be empty.")
    row["exchangeRate"] = number(body.get("exchangeRate") or row.get("exchangeRate") or state.rates[row["currencyId"]])
    if "roundingDiffInCurrency" in body:
        row["roundingDiffInCurrency"] = number(body["roundingDiffInCurrency"])
    _apply_codes(state, row, body, new)
    _apply_period(state, row, body)


def _apply_codes(state, row, body, new):
    terms = body.get("creditTermsId")
    if terms or new:
        terms = terms or state.suppliers[row["supplier"]["number"]]["creditTerms"]["id"]
        description = known(state.credit_terms, terms, "credit terms")["description"]
        row["creditTerms"] = {"id": terms, "description": description}
    branch = body.get("branchNumber") or (new and "1")
    if branch:
        row["branchNumber"] = {"number": branch, "name": known(state.branches, branch, "branch")["name"]}


def _apply_period(state, row, body):
    asked = body.get("financialPeriod") or _swapped(body.get("postPeriod"))
    if not asked and "date" not in body and "financialPeriod" in row:
        return
    period = state.periods.get(asked) if asked else state.period_of(row["date"])
    if period is None:
        raise refuse(f"The financial period '{asked or row['date']}' cannot be found in the system.")
    row["financialPeriod"] = f"{period['year']}{period['period']}"
    row["postPeriod"] = f"{period['period']}{period['year']}"
    require_open_period(state, row)


def require_open_period(state, row):
    period = state.periods[row["financialPeriod"]]
    if period["closedInSupplierLedger"] or not period["active"]:
        raise refuse(f"The financial period '{row['postPeriod']}' is closed in the supplier ledger.")


def require_open(row):
    if row["status"] != "Open":
        raise ValueError(f"{row['referenceNumber']} is not open")


def apply_lines(state, row, body):
    """Insert, change and delete lines. Without `validateLineDetails` a bad line is left out without a word."""
    validate = body.get("validateLineDetails", False)
    settings = state.sandbox.settings
    for item in body.get("invoiceLines", []):
        if item.get("operation") == "Delete":
            row["invoiceLines"] = [line for line in row["invoiceLines"] if line["lineNumber"] != item["lineNumber"]]
            continue
        try:
            line = _line(state, row, item)
        except LineError as error:
            if validate:
                raise refuse(str(error)) from error
            continue
        if settings.drops_lines and item.get("operation") != "Update":
            settings.drops_lines -= 1
            continue
        row["invoiceLines"] = [other for other in row["invoiceLines"] if other["lineNumber"] != line["lineNumber"]]
        row["invoiceLines"].append(line)
    row["invoiceLines"].sort(key=lambda line: line["lineNumber"])


class LineError(Exception):
    """A line that Visma does not take."""


def _line(state, row, item):
    numbered = {line["lineNumber"]: line for line in row["invoiceLines"]}
    line_number = item.get("lineNumber") or len(numbered) + 1
    if item.get("operation") == "Update":
        known(numbered, line_number, "line", LineError)
    elif line_number in numbered:
        line_number = max(numbered) + 1
    line = dict(numbered.get(line_number, {"lineNumber": line_number, "quantity": Decimal(1), "uom": "STK"}))
    if "transactionDescription" in item:
        line["transactionDescription"] = item["transactionDescription"]
    if not line.get("transactionDescription"):
        raise LineError("'Transaction description' cannot be empty.")
    for name in ("quantity", "unitCostInCurrency"):
        if name in item:
            line[name] = number(item[name])
    if "costInCurrency" in item:
        line["costInCurrency"] = number(item["costInCurrency"])
    else:
        line["costInCurrency"] = line["quantity"] * line.get("unitCostInCurrency", Decimal(0))
    line.setdefault("unitCostInCurrency", line["costInCurrency"] / line["quantity"])
    _code_line(state, row, line, item)
    return line


def _code_line(state, row, line, item):
    if "accountNumber" in item or "account" not in line:
        line["account"] = find_account(state, item.get("accountNumber"))
    if "subaccount" in item or "subaccount" not in line:
        line["subaccount"] = find_subaccount(state, item.get("subaccount", []))
    if "vatCodeId" in item or "vatCode" not in line:
        category = item.get("vatCodeId") or state.vat_zones[row["_zone"]]["defaultVatCategory"]
        vat_of(state, category, row["_zone"])
        line["vatCode"] = {"id": category, "description": state.vat_categories[category]["description"]}
    if "projectId" in item or "project" not in line:
        line["project"], line["projectTask"] = find_project(
            state, item.get("projectId") or state.non_project, item.get("projectTaskId")
        )
        if line["projectTask"] is None:
            line.pop("projectTask")
    branch = item.get("branchNumber") or row["branchNumber"]["number"]
    line["branchNumber"] = {"number": branch, "name": known(state.branches, branch, "branch", LineError)["name"]}


def find_account(state, code):
    account = state.accounts.get(code)
    if account is None or not account["active"] or account["cashAccount"]:
        raise LineError(f"The account '{code}' cannot be found in the system.")
    return {"type": account["type"], "number": code, "description": account["description"], "active": True}


def find_subaccount(state, given):
    """All segments are needed, each with a value that exists; without any the defaults come."""
    values = {item["segmentId"]: item["segmentValue"] for item in given}
    shown = []
    for segment in state.segments:
        active = {value["valueId"]: value for value in segment["segmentValues"] if value["active"]}
        value = values.get(segment["segmentId"]) if given else next(iter(active))
        if value not in active:
            raise LineError(f"The subaccount segment '{segment['description']}' has no value '{value}'.")
        shown.append(
            {
                "segmentId": segment["segmentId"],
                "segmentDescription": segment["description"],
                "segmentValue": value,
                "segmentValueDescription": active[value]["description"],
            }
        )
    whole = "".join(item["segmentValue"] for item in shown)
    return {"subaccountNumber": whole, "active": True, "segments": shown}


def find_project(state, code, task):
    project = state.projects.get(code)
    if project is None or project["status"] != "Active" or not project["visibility"]["visibleInAp"]:
        raise LineError(f"The project '{code}' cannot be found in the system.")
    shown = {"internalId": project["internalID"], "id": code, "description": project["description"]}
    tasks = {item["taskId"]: item for item in project["tasks"] if item["status"] == "Active"}
    if not tasks:
        return shown, None
    description = known(tasks, task, "project task", LineError)["description"]
    return shown, {"internalId": 1, "id": task, "description": description}


def vat_of(state, category, zone):
    """The VAT of a category that is also in the zone."""
    for line in known(state.vat_categories, category, "TaxCategoryID", LineError)["vatCategoryLines"]:
        vat = state.vats[line["vatId"]]
        if zone in {item["id"] for item in vat["zones"]}:
            return vat
    raise LineError(f"The VAT category '{category}' is not valid for the VAT zone '{zone}'.")


def compute(state, row):
    """VAT by VAT id on the sum of its lines, and the totals."""
    digits = state.currencies[row["currencyId"]]["decimalPrecision"]
    taxable = {}
    for line in row["invoiceLines"]:
        vat = vat_of(state, line["vatCode"]["id"], row["_zone"])
        taxable[vat["vatId"]] = taxable.get(vat["vatId"], Decimal(0)) + line["costInCurrency"]
    kept = {item["taxId"]: item for item in row.get("taxDetailLines", [])}
    row["taxDetailLines"] = [
        _tax_detail(state.vats[vat_id], *_taxed(row, state.vats[vat_id], amount, digits), kept.get(vat_id))
        for vat_id, amount in taxable.items()
    ]
    row["_rate"] = row["exchangeRate"] if row["currencyId"] != state.base_currency else Decimal(1)
    retotal(row)


def _taxed(row, vat, amount, digits):
    """What VAT is computed on, and the VAT: lines of a document in gross amounts hold it."""
    rate = vat["schedules"][0]["vatRate"]
    if row["taxCalculationMode"] == "Gross":
        net = _rounded(amount * 100 / (100 + rate), digits)
        return net, amount - net
    return amount, _rounded(amount * rate / 100, digits)


def _tax_detail(vat, amount, computed, kept):
    """What was entered by hand stays as long as its base is the same."""
    rate = vat["schedules"][0]["vatRate"]
    entered = kept["vatAmount"] if kept and kept["taxableAmount"] == amount else computed
    return {
        "taxId": vat["vatId"],
        "recordId": 1,
        "vatId": {"number": vat["vatId"], "description": vat["description"]},
        "vatRate": rate,
        "taxableAmount": amount,
        "vatAmount": entered,
    }


def apply_taxes(row, body):
    for item in body.get("taxDetailLines", []):
        lines = {line["taxId"]: line for line in row["taxDetailLines"]}
        known(lines, item.get("taxId"), "VAT")["vatAmount"] = number(item["vatAmount"])
    retotal(row)


def shown(row, swapped=False, hidden=()):
    """A document as the API shows it.

    Which of the twins of an amount is in the document's currency is not clear from the documentation.
    """
    seen = {key: value for key, value in row.items() if not key.startswith("_") and key not in hidden}
    if not swapped:
        return seen
    seen["invoiceLines"] = [_with_swapped_twins(line) for line in seen["invoiceLines"]]
    return _with_swapped_twins(seen)


def _with_swapped_twins(row):
    twins = [name for name in row if f"{name}InCurrency" in row]
    swapped = {name: row[f"{name}InCurrency"] for name in twins} | {f"{name}InCurrency": row[name] for name in twins}
    return {**row, **swapped}


def retotal(row):
    rate = row["_rate"]
    detail = sum((line["costInCurrency"] for line in row["invoiceLines"]), Decimal(0))
    vat = sum((item["vatAmount"] for item in row["taxDetailLines"]), Decimal(0))
    exempt = sum((item["taxableAmount"] for item in row["taxDetailLines"] if not item["vatRate"]), Decimal(0))
    rounding = row.get("roundingDiffInCurrency", Decimal(0))
    added = Decimal(0) if row["taxCalculationMode"] == "Gross" else vat
    values = {
        "detailTotal": detail,
        "vatTaxableTotal": detail + added - vat - exempt,
        "vatExemptTotal": exempt,
        "vatTotal": vat,
        "roundingDiff": rounding,
        "balance": detail + added + rounding,
    }
    for name, value in values.items():
        row[f"{name}InCurrency"] = value
        row[name] = _rounded(value * rate, 2)
    row["amount"], row["vatAmount"] = row["balance"], row["vatTotal"]
    for line in row["invoiceLines"]:
        line["cost"] = _rounded(line["costInCurrency"] * rate, 2)
        line["unitCost"] = _rounded(line["unitCostInCurrency"] * rate, 2)


def _rounded(amount, digits):
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def find_supplier(state, code):
    supplier = known(state.suppliers, code, "supplier")
    if supplier["status"] not in ("Active", "OneTime", "HoldPayments"):
        raise refuse(f"The supplier '{code}' is {supplier['status']}.")
    return {"internalId": supplier["internalId"], "number": code, "name": supplier["name"]}


def _swapped(period):
    """`MMYYYY` as `YYYYMM`."""
    return f"{period[2:]}{period[:2]}" if period else None
