"""The reference cases of SAP's use-case page ("Financial Integration Service use cases"), as documents."""

from .documents import CASH, CBCP, IBCP, advance, entry, identity, personal_entry, report, tax

SHARED = {("CC100", "Sales"): 50, ("CC200", "Service"): 50}


def reference_reports(day):
    """{number of the use case: expense document}."""
    cases = {
        "1.2": _report("1.2", day, [entry("600000", -50, day=day, name="Refund")]),
        "1.4": _report("1.4", day, [entry("600000", "26.88", day=day, spent=(24, "EUR", "0.89294902", "D"))]),
        "2.1": _report("2.1", day, [entry("600000", 10, day=day, taxes=[tax("R16", "1.60", "1.60")])]),
        "2.2": _report("2.2", day, [entry("600000", 100, day=day, taxes=[tax("R19", "15.97", 0)])]),
        "2.3": _report("2.3", day, [entry("600000", 100, day=day, taxes=_canadian("4.42", 0, "7.08", "3.54"))], "CAD"),
        "2.4": _report(
            "2.4", day, [entry("600000", 55, day=day, taxes=_canadian("2.43", "1.22", "3.89", "1.95"))], "CAD"
        ),
        "2.5": _report("2.5", day, [entry("600000", "60.24", day=day, spent=(75, "USD", "0.80321754", "M"))], "GBP"),
        "4.1": _report("4.1", day, [entry("600000", 25, day=day, shares=SHARED)]),
        "5.2.1": _report("5.2.1", day, _hotel_and_taxi(day), advances=[advance(-300)]),
        "5.2.2": _report("5.2.2", day, _hotel_and_taxi(day), advances=[advance(-400)]),
        "6.1.6": _report("6.1.6", day, [entry("600000", 21, day=day), _card(284, IBCP, day)]),
        "6.2.2": _report(
            "6.2.2", day, [entry("600000", 35, day=day), _card(270, CBCP, day), personal_entry(14, day=day)]
        ),
        "6.2.3": _report("6.2.3", day, [personal_entry(300, day=day), _card(700, CBCP, day)]),
    }
    return cases


def _report(number, day, entries, currency="USD", **values):
    return report(identity("case", number, length=20), entries, day=day, currency=currency, **values)


def _hotel_and_taxi(day):
    return [entry("600000", 280, day=day, name="Hotel"), entry("600000", 35, day=day, paid=CASH)]


def _card(amount, paid, day):
    return entry("600000", amount, paid=paid, day=day, name="Dinner")


def _canadian(first, first_reclaim, second, second_reclaim):
    return [tax("GST", first, first_reclaim), tax("QST", second, second_reclaim)]


def composed_report(day):
    """Hotel on two cost objects, taxi with reclaim, dinner and a personal item on the company card, an advance."""
    hotel = entry(
        "612000",
        184,
        day=day,
        name="Hotel",
        spent=(200, "USD", "0.92", "M"),
        shares={("CC100", "Sales"): 60, ("CC200", "Service"): 40},
    )
    taxi = entry("611000", "59.50", day=day, name="Taxi", taxes=[tax("R19", "9.50", "9.50")])
    dinner = entry("620000", 84, paid=CBCP, pat_key="1000", day=day, name="Business meal")
    private = personal_entry(14, pat_key="1000", day=day)
    return _report("composed", day, [hotel, taxi, dinner, private], "EUR", advances=[advance(-100)])
