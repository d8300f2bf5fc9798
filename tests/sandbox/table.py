"""Objects of one kind in the order they were made."""


class Table:
    """Finds an object by id, and pages through those a filter keeps.

    The cursor of a page is the id of the last row seen, so paging stays right while rows are added, removed or stop
    matching.
    """

    def __init__(self):
        self._rows = []
        self._places = {}

    def __iter__(self):
        return (row for row in self._rows if row is not None)

    def __len__(self):
        return sum(row is not None for row in self._rows)

    def __contains__(self, row_id):
        return self.get(row_id) is not None

    def add(self, row):
        self._places[row.id] = len(self._rows)
        self._rows.append(row)
        return row

    def get(self, row_id):
        place = self._places.get(row_id)
        return None if place is None else self._rows[place]

    def remove(self, row_id):
        self._rows[self._places[row_id]] = None

    def knows(self, row_id):
        """Whether there is or was such a row."""
        return row_id in self._places

    def first(self, keep):
        return next(filter(keep, self), None)

    def page(self, keep, start, size):
        """Up to ``size`` rows after the row ``start``, and whether more follow."""
        found = []
        for place in range(self._places[start] + 1 if start else 0, len(self._rows)):
            row = self._rows[place]
            if row is None or not keep(row):
                continue
            if len(found) == size:
                return found, True
            found.append(row)
        return found, False
