"""Queries that several models need."""

from collections import Counter


def number_of(model, domain, *names):
    """{value of a field, or tuple of the values of several: number of records}; 0 for all others."""
    counts = Counter()
    for *values, count in model._read_group(domain, names, ["__count"]):
        counts[tuple(values) if len(names) > 1 else values[0]] = count
    return counts


def of_keys(model, connection, keys, *domain):
    """The records of a connection with one of the keys (kind, external id)."""
    if not keys:
        return model.browse()
    records = model.search(
        [
            ("connection_id", "=", connection.id),
            ("kind", "in", list({kind for kind, _id in keys})),
            ("external_id", "in", list({external_id for _kind, external_id in keys})),
            *domain,
        ]
    )
    return records.filtered(lambda record: (record.kind, record.external_id) in keys)
