"""The data of the start: the same in each run, with several currencies, VAT rates and names beyond ASCII."""

from calendar import monthrange
from datetime import date
from decimal import Decimal

ACCOUNTS = (
    ("1500", "Kundefordringer", "Asset", {"controlAccountModule": "AR"}),
    ("1920", "Bankinnskudd", "Asset", {"cashAccount": True}),
    ("2400", "Leverandørgjeld", "Liability", {"controlAccountModule": "AP"}),
    ("2710", "Inngående merverdiavgift", "Liability", {}),
    ("2990", "Annen kortsiktig gjeld", "Liability", {}),
    ("3000", "Salgsinntekt, avgiftspliktig", "Income", {}),
    ("4300", "Innkjøp av varer for videresalg", "Expense", {}),
    ("6300", "Leie lokaler", "Expense", {}),
    ("6340", "Lys og varme", "Expense", {}),
    ("6540", "Inventar", "Expense", {}),
    ("6553", "Programvare", "Expense", {}),
    ("6700", "Revisjons- og regnskapshonorar", "Expense", {}),
    ("6860", "Møter, kurs og oppdatering", "Expense", {}),
    ("6900", "Telefon og internett", "Expense", {}),
    ("7140", "Reisekostnad", "Expense", {}),
    ("7320", "Reklamekostnad", "Expense", {}),
    ("7770", "Bank- og kortgebyrer", "Expense", {}),
    ("7790", "Annen kostnad", "Expense", {}),
    ("7799", "Utgått konto", "Expense", {"active": False}),
)
SEGMENTS = (
    (1, "Avdeling", 3, (("000", "Felles"), ("100", "Salg Oslo"), ("110", "Salg Bergen"), ("200", "Teknisk avdeling"))),
    (2, "Kostnadssted", 4, (("0000", "Ingen"), ("3000", "Drift"), ("3100", "Utvikling Ås"))),
)
VATS = (
    ("3", "Inngående 25 %", "25", "Vat", ("01",), "1", "Fradrag høy sats"),
    ("31", "Inngående 15 %", "15", "Vat", ("01",), "11", "Fradrag middels sats"),
    ("21", "Inngående 21 %", "21", "Vat", ("01",), "21", "Fradrag 21 %"),
    ("33", "Inngående 12 %", "12", "Vat", ("01",), "13", "Fradrag lav sats"),
    ("0", "Ingen mva", "0", "ExemptVat", ("01", "02"), "0", "Ingen mva-behandling"),
)
ZONES = (("01", "Norge"), ("02", "Utlandet"))
CLASSES = (("1", "Norske leverandører"), ("2", "Utenlandske leverandører"))
TERMS = (("14", "14 dager netto", 14), ("30", "30 dager netto", 30))
CURRENCIES = (
    ("NOK", "Norske kroner", "kr", "1"),
    ("SEK", "Svenske kronor", "kr", "0.98"),
    ("EUR", "Euro", "€", "11.5"),
    ("USD", "US-dollar", "$", "10.4"),
    ("GBP", "Britiske pund", "£", "13.4"),
    ("JPY", "Japanske yen", "¥", "0.07"),
)
MODULES = (
    *("SupplierLedger", "CustomerLedger", "InventoryManagement", "GeneralLedger", "CashManagement", "FixedAssets"),
)
PROJECTS = (
    ("X", "Ikke prosjekt", "Active", ()),
    ("P1001", "Kunde A", "Active", (("10", "Forprosjekt"), ("20", "Gjennomføring"))),
    ("P1002", "Ombygging Tromsø", "Active", (("10", "Rivning"),)),
    ("P0900", "Avsluttet prosjekt", "Completed", ()),
)
SUPPLIERS = (
    ("Nordlys Kontorservice AS", "NO998877665MVA", "998877665", "NO", "Storgata 5", "0155", "Oslo", "NOK"),
    ("Fjordkraft Eksempel AS", "NO987654325MVA", "987654325", "NO", "Bryggen 1", "5003", "Bergen", "NOK"),
    ("Göteborgs Papper AB", "SE556677889901", "5566778899", "SE", "Hamngatan 2", "411 14", "Göteborg", "SEK"),
    ("Müller & Söhne GmbH", "DE811907980", "HRB 12345", "DE", "Hafenstraße 1", "20457", "Hamburg", "EUR"),
    ("Blue Harbor Ltd", "", "", "GB", "5 Mill Lane", "LS1 4AP", "Leeds", "GBP"),
    ("Blue Harbor Ltd.", "", "", "GB", "9 Dock Road", "L3 4AA", "Liverpool", "GBP"),
)


class DataSet:
    """:param size: ``small`` leaves out all suppliers but three"""

    def __init__(self, state, *, size, base_currency, base_date):
        self.state, self.size = state, size
        self.base_currency, self.base_date = base_currency, base_date

    def fill(self):
        state = self.state
        state.base_currency = self.base_currency
        self._accounts()
        self._segments()
        self._vat()
        self._terms()
        self._currencies()
        self._periods()
        self._projects()
        for number, name in enumerate(("Hovedkontor", "Avdeling Tromsø"), start=1):
            row = {"branchId": number, "number": str(number), "name": name, "isActive": True}
            state.branches[str(number)] = self._unversioned(row)
        count = 3 if self.size == "small" else len(SUPPLIERS)
        for values in SUPPLIERS[:count]:
            self._supplier(*values)

    def _accounts(self):
        for number, (code, name, kind, values) in enumerate(ACCOUNTS, start=1001):
            row = {
                "accountID": number,
                "accountCD": code,
                "type": kind,
                "active": True,
                "description": name,
                "accountClass": kind.upper()[:3],
                "cashAccount": False,
                "allowManualEntry": "controlAccountModule" not in values,
                **values,
            }
            self.state.accounts[code] = self.state.touch(row)

    def _segments(self):
        for segment_id, name, length, values in SEGMENTS:
            row = {
                "segmentId": segment_id,
                "description": name,
                "length": length,
                "validate": True,
                "isAutoNumber": False,
                "segmentValues": [
                    {"segmentId": segment_id, "valueId": value, "description": text, "active": True}
                    for value, text in values
                ],
            }
            self.state.touch(row)
            row["lastModified"] = row.pop("lastModifiedDateTime")
            self.state.segments.append(row)

    def _vat(self):
        state = self.state
        for zone, name in ZONES:
            category = "1" if zone == "01" else "0"
            state.vat_zones[zone] = {"id": zone, "description": name, "defaultVatCategory": category}
        for vat_id, name, rate, kind, zones, category, category_name in VATS:
            since = {"vatRate": Decimal(rate), "groupType": "Input", "startDate": "2000-01-01T00:00:00"}
            vat = {"vatId": vat_id, "description": name, "type": kind}
            shown = {"vatCategoryId": category, "description": category_name, "active": True}
            state.vats[vat_id] = self._unversioned(
                {
                    **vat,
                    "deductibleVat": True,
                    "reverseVat": False,
                    "schedules": [since],
                    "categories": [shown],
                    "zones": [state.vat_zones[zone] for zone in zones],
                }
            )
            lines = [{**vat, "vatRates": [since]}]
            state.vat_categories[category] = self._unversioned({**shown, "vatCategoryLines": lines})

    def _unversioned(self, row):
        """A row of a kind that has a time of change and no version."""
        del self.state.touch(row)["timeStamp"]
        return row

    def _terms(self):
        for code, name, days in TERMS:
            row = {"termsId": code, "description": name, "visibleTo": "AL", "dueDateType": "N", "dueDay1": days}
            self.state.credit_terms[code] = self._unversioned(row)
        for code, name in CLASSES:
            self.state.classes[code] = {"id": code, "description": name, "attributes": []}

    def _currencies(self):
        base = Decimal(next(rate for code, _name, _symbol, rate in CURRENCIES if code == self.base_currency))
        for code, name, symbol, rate in CURRENCIES:
            self.state.currencies[code] = {
                "id": code,
                "description": name,
                "symbol": symbol,
                "isBaseCurrency": code == self.base_currency,
                "decimalPrecision": 0 if code == "JPY" else 2,
                "isUsedForAccounting": True,
            }
            self.state.rates[code] = Decimal(rate) / base

    def _periods(self):
        """The months from last year to the next; last year is closed."""
        for year in range(self.base_date.year - 1, max(self.base_date, date.today()).year + 2):
            for month in range(1, 13):
                last = date(year, month, monthrange(year, month)[1])
                closed = year < self.base_date.year
                self.state.periods[f"{year}{month:02}"] = {
                    "year": year,
                    "period": f"{month:02}",
                    "startDate": f"{date(year, month, 1)}T00:00:00",
                    "endDate": f"{last}T00:00:00",
                    "description": f"{year}-{month:02}",
                    "active": True,
                    **{f"closedIn{module}": closed for module in MODULES},
                }

    def _projects(self):
        for number, (code, name, status, tasks) in enumerate(PROJECTS, start=40):
            row = {
                "internalID": number,
                "projectID": code,
                "description": name,
                "status": status,
                "hold": False,
                "startDate": "2024-01-01T00:00:00",
                "visibility": {"visibleInGl": True, "visibleInAp": True, "visibleInPo": True},
                "tasks": [
                    {
                        "taskId": task,
                        "description": text,
                        "status": "Active",
                        "visibility": {"visibleInAp": True, "visibleInPo": True},
                    }
                    for task, text in tasks
                ],
            }
            self.state.projects[code] = self.state.touch(row)

    def _supplier(self, name, vat, corporate, country, street, postal_code, city, currency):
        from .suppliers import add_supplier

        body = {
            "name": name,
            "supplierClassId": "1" if country == "NO" else "2",
            "currencyId": currency,
            "creditTermsId": "30",
            "vatZoneId": "01" if country == "NO" else "02",
            "vatRegistrationId": vat,
            "corporateId": corporate,
            "mainContact": {
                "name": name,
                "email": f"faktura@{name.split()[0].lower().encode('ascii', 'ignore').decode()}.example",
            },
            "mainAddress": {"addressLine1": street, "postalCode": postal_code, "city": city, "countryId": country},
        }
        add_supplier(self.state, {key: value for key, value in body.items() if value})
