"""Finds records by the words of their names."""

import re
import unicodedata
from collections import Counter

LIKE = 0.6
"""Lowest share of equal words in two names for a proposal."""


class Alike:
    """Finds the one record whose name has the same words."""

    def __init__(self, records):
        self._words = {record.id: _words(record.name) for record in records}
        self._by_word = {}
        for record_id, words in self._words.items():
            for word in words:
                self._by_word.setdefault(word, []).append(record_id)

    def find(self, name):
        """Id of the record that is more alike than any other; False where there is none. Numbers have to agree."""
        words = _words(name)
        common = Counter(record_id for word in words for record_id in self._by_word.get(word, ()))
        shares = {
            record_id: 2 * count / (len(words) + len(self._words[record_id]))
            for record_id, count in common.items()
            if _numbers(words) == _numbers(self._words[record_id])
        }
        best = max(shares.values(), default=0)
        found = [record_id for record_id, share in shares.items() if share == best]
        return found[0] if best >= LIKE and len(found) == 1 else False


def _words(name):
    """The words of a name, whatever their case, accents and number."""
    plain = unicodedata.normalize("NFKD", (name or "").casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return {_singular(word) for word in re.findall(r"[^\W_]+", letters) if len(word) > 1 or word.isdigit()}


def _singular(word):
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _numbers(words):
    return {word for word in words if word.isdigit()}


def unambiguous(records, key):
    found = {}
    for record in records:
        text = (key(record) or "").strip().casefold()
        if text:
            found.setdefault(text, []).append(record)
    return {text: matches[0] for text, matches in found.items() if len(matches) == 1}
