"""The lists of the start: accounts, cost centers, projects, and one of two levels."""

from .lists_model import add_item, add_list

LISTS = {
    "GL Accounts": (("600000", "Expenses"), ("612000", "Travel"), ("620000", "Meals"), ("699900", "Only in Concur")),
    "Cost Centers": (("CC100", "Sales"), ("CC200", "Service")),
    "Client Projects": (("PRJ7", "Project 7"), ("PRJ8", "Relaunch Göteborg")),
}
TREE = {"EU": ("Europe", (("DE", "Germany"), ("SE", "Sverige"))), "US": ("United States", ())}


def fill_lists(state):
    for name, items in LISTS.items():
        made = add_list(state, name)
        for code, value in items:
            add_item(state, made.id, code, value)
    regions = add_list(state, "Regions", levels=2)
    for code, (value, children) in TREE.items():
        parent = add_item(state, regions.id, code, value)
        for child, name in children:
            add_item(state, regions.id, child, name, parent)
