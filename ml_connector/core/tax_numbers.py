"""Compares tax numbers.

One number is written in many ways: with and without the country, the name of the register (`MVA`, `TVA`, `MWST`),
blanks and punctuation. And a filler in the field of a number (`N/A`, `000000000`) is no number.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from stdnum.ca import bn
from stdnum.ch import uid
from stdnum.exceptions import ValidationError
from stdnum.se import orgnr
from stdnum.util import get_cc_module

ALIASES = {"EL": "GR", "UK": "GB", "XI": "GB"}
"""Prefixes that mean another country's register."""

NOBODY = frozenset(("XAXX010101000", "XEXX010101000", "999999990"))
"""Numbers that a tax office assigns to all who have none (Mexico, Portugal)."""

SWISS = re.compile(r"(?:CHE?)?([0-9]{9})(?:MWST|TVA|IVA|TPV|VAT)?")
NORWEGIAN = re.compile(r"(?:NO)?([0-9]{9})MVA")


@dataclass(frozen=True, slots=True)
class TaxNumber:
    """A number in its canonical form; without `country` if it is unknown."""

    number: str
    country: str = ""


def plain(text):
    """A number without blanks and punctuation."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text or "").upper())


def is_filler(text):
    """Whether a text is no number: empty, without digits, only zeros, or one repeated digit."""
    text = plain(text)
    digits = re.sub(r"[^0-9]", "", text)
    if not digits.strip("0") or text in NOBODY or text[2:] in NOBODY:
        return True
    return len(set(digits)) == 1 and (len(digits) > 2 or digits == text)


@lru_cache(maxsize=4096)
def tax_number(text, country=""):
    """The number in a text; None for a filler.

    :param country: country of its owner, for a number without one
    """
    if is_filler(text):
        return None
    country, number = _split(plain(text), _country(country))
    return TaxNumber(_core(number, country), country)


def same_number(text, country, other, other_country):
    """Whether two texts are the same number; one without a country matches that of any country."""
    one, two = tax_number(text or "", country or ""), tax_number(other or "", other_country or "")
    if one is None or two is None:
        return False
    if bool(one.country) != bool(two.country):
        # read as a number of the other one's country
        one = tax_number(text, two.country) if two.country else one
        two = tax_number(other, one.country) if one.country else two
    return one == two


def writings(text, country=""):
    """The usual ways to write a number, beginning with the given one: for a search that finds only exact texts."""
    found = tax_number(text or "", country or "")
    if found is None:
        return []
    code, number = found.country, found.number
    prefix = "EL" if code == "GR" else code
    usual = [text.strip(), plain(text), f"{prefix}{number}", number]
    usual += [f"{code}{number}"] if code != prefix else []
    usual += [write.format(number) for write in WRITINGS.get(code, ())]
    if code == "CH" and len(number) == 9:
        usual += [f"{uid.format(f'CHE{number}')}{register}" for register in ("", " MWST", " TVA", " IVA")]
    if code == "FR" and len(number) == 9 and number.isdigit():
        usual.append(f"FR{_french_key(number)}{number}")
    # an unusual number is written in one way only
    return [text for text in dict.fromkeys(usual) if tax_number(text, code) == found]


def digits(text):
    """The digits of a text, without leading zeros."""
    return re.sub(r"[^0-9]", "", text or "").lstrip("0")


WRITINGS = {
    "AT": ("ATU{}", "U{}"),
    "CA": ("{}RT0001",),
    "CH": ("CHE{}MWST", "CHE{}TVA", "CHE{}IVA", "CHE{}"),
    "GB": ("XI{}",),
    "JP": ("T{}",),
    "NO": ("NO{}MVA", "{}MVA"),
    "SE": ("SE{}01", "{}01", "16{}"),
}


def _country(code):
    code = code.strip().upper()
    return ALIASES.get(code, code)


def _split(text, country):
    """(country, number) of a text that may begin with the country."""
    if NORWEGIAN.fullmatch(text):
        return "NO", text
    if SWISS.fullmatch(text) and (country == "CH" or not text.isdigit()):
        return "CH", text
    prefix, rest = _country(text[:2]), text[2:]
    if not prefix.isalpha():
        return country, text
    if prefix == country:
        # letters of the number itself may match the country, as in Mexico
        return country, rest if _is_valid(rest, country) or not _is_valid(text, country) else text
    if _is_valid(text, country):
        return country, text
    if rest[:1].isdigit() or _is_valid(rest, prefix):
        return prefix, rest
    return country, text


def _is_valid(number, country):
    module = get_cc_module(country.lower(), "vat") if country else None
    return bool(module) and module.is_valid(number)


def _core(number, country):
    """The common part of all ways to write a number in its country."""
    if trim := CORES.get(country):
        return trim(number)
    module = get_cc_module(country.lower(), "vat") if country else None
    try:
        compact = plain(module.compact(number)) if module else number
    except ValidationError:
        return number
    return compact or number


def _swiss(number):
    known = SWISS.fullmatch(number if number.startswith("CH") else f"CH{number}")
    return known.group(1) if known else number


def _canadian(number):
    return number[:9] if len(number) == 15 and bn.is_valid(number) else number


def _swedish(number):
    """The organisation number without the final `01` of a VAT number, and without a century before it."""
    if len(number) == 12:
        if number.endswith("01") and orgnr.is_valid(number[:10]):
            return number[:10]
        if number.startswith("16") and orgnr.is_valid(number[2:]):
            return number[2:]
    return number


def _french(number):
    """The company number without the key of two digits before it in a VAT number."""
    is_keyed = len(number) == 11 and number.isdigit() and number[:2] == _french_key(number[2:])
    return number[2:] if is_keyed else number


def _french_key(siren):
    return f"{(12 + 3 * (int(siren) % 97)) % 97:02}"


CORES = {
    "AT": lambda number: number.removeprefix("AT").removeprefix("U"),
    "CA": _canadian,
    "CH": _swiss,
    "FR": _french,
    "JP": lambda number: number.removeprefix("T"),
    "NO": lambda number: number.removeprefix("NO").removesuffix("MVA"),
    "SE": _swedish,
}
