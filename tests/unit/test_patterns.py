"""Patterns of people: the same answers as regular expressions give, in bounded time."""

import random
import re
import time

import pytest

from ml_connector.core.patterns import NamePattern, PatternError, filled, tokens, wildcard_fits


@pytest.mark.parametrize(
    "pattern",
    [
        r"invoices.*\.csv",
        r".*\.csv",
        r"^invoices_\d{8}T\d{6}Z_\d+\.(csv|xml)$",
        r"(?:pay|inv)[a-z_]*-[0-9]{2,4}\.csv",
        r"[^.]+\.csv",
        r"a|b|cd",
        r"(abc){2,3}x?",
        r"[]a-]+",
        r"\w+\s?\w*\.txt",
        r"",
        r"a.c",
    ],
)
def test_simple_expressions_fit_as_ever(pattern):
    dice = random.Random(pattern)
    mine = NamePattern(pattern)
    pieces = "invoices _ 20261120 T101500Z csv . xml a b c d abc x ] - pay inv 12 txt €".split() + ["\n", " "]
    names = ["".join(dice.choices(pieces, k=dice.randint(0, 6))) for _number in range(3000)]
    for name in [*names, "invoices.csv", "invoices_20261120T101500Z_000042.csv", "inv_x-123.csv", "abcabcx", "a b.txt"]:
        assert mine.fits(name) == bool(re.fullmatch(pattern, name)), name


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*",
        "((a|b+)c)*",
        "(.*)+",
        "(a{2,3}){2,3}",
        "a**",
        "a+?",
        "a{200}",
        "a{3,2}",
        "(",
        ")",
        "a)",
        "(a",
        "[a",
        "[",
        "*a",
        "|*",
        "\\",
        r"(a)\1",
        r"\bname",
        "(?=a)a",
        "(?P<x>a)",
        "(?i)a",
        "a^b",
        "a$b",
        "(" * 20 + "a" + ")" * 20,
        "a" * 201,
        "[b-a]",
    ],
)
def test_what_could_take_long_is_refused(pattern):
    with pytest.raises(PatternError):
        NamePattern(pattern)


@pytest.mark.parametrize("pattern", [".*" * 90, "(a|aa)*b", "(a|a)*b", "a?" * 90 + "a" * 20, "[a-z]*" * 30 + "!"])
def test_no_name_takes_long(pattern):
    started = time.process_time()
    mine = NamePattern(pattern)
    for name in ("a" * 40 + "!", "a" * 255, "a" * 1000, "a" * 100_000):
        mine.fits(name)
    assert time.process_time() - started < 2.0


def test_long_names_fit_nothing():
    assert NamePattern(".*").fits("a" * 1000) and not NamePattern(".*").fits("a" * 1001)


@pytest.mark.parametrize(
    "pattern",
    [
        "x/{name:{name.__class__}}",
        "{name.__class__}",
        "{name[0]}",
        "{name!r}",
        "{name:>99999999}",
        "{name",
        "name}",
        "{{name}}",
        "{}",
        "{0}",
        "{name" * 30 + "}",
    ],
)
def test_braces_are_names_and_nothing_else(pattern):
    with pytest.raises(PatternError):
        tokens(pattern)


def test_values_have_no_meaning():
    assert tokens("x/{name}_{stem}.txt") == ["name", "stem"]
    assert filled("x/{name}_{stem}.txt", {"name": "{stem}", "stem": r"\1{name}"}) == r"x/{stem}_\1{name}.txt"


def test_wildcards_fit_as_ever():
    dice = random.Random(2)
    for _number in range(20_000):
        pattern = "".join(dice.choices("ab?**", k=dice.randint(0, 7)))
        text = "".join(dice.choices("abB\n", k=dice.randint(0, 8)))
        plain = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
        assert wildcard_fits(pattern, text) == bool(re.fullmatch(plain, text, re.IGNORECASE | re.DOTALL)), (
            pattern,
            text,
        )


@pytest.mark.parametrize(
    "pattern", ["*a" * 90 + "*b", "*a*a*a*a*b", "*" * 150 + "b", "*a?" * 60 + "!", "?*" * 90 + "b"]
)
def test_wildcards_take_no_time(pattern):
    started = time.process_time()
    assert not wildcard_fits(pattern, "a" * 131_072)
    assert time.process_time() - started < 0.5
