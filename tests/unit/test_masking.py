"""Masking: what the plain rule hides stays hidden, and the work grows with the length of the text, not faster."""

import json
import random
import re
import time

import pytest

from ml_connector.core.http.client import MAX_DETAILS, HttpClient
from ml_connector.core.http.failures import parsed
from ml_connector.core.http.masking import mask, mask_text

PLAIN = (
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{4,}"),
    re.compile(
        r"(?i)([\w.-]*(?:token|secret|password|passphrase|api[_-]?key|authorization|signature|credential|\bsig)"
        r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;<>}\])]+"
    ),
)
"""The rule as it reads; too slow for long texts."""
PARTS = [
    *"token Secret PASSWORD api_key apikey sig signature credential bearer Basic authorization".split(),
    *"a z9 _ . - = : \" ' & , abcd é ſ top".split(),
    *(" ", "  ", "\n"),
]
LETTERS = ["a", "Z", "7", "_", ".", "-", " ", '"', "'", "=", ":", "token", "sig", "bearer ", "token=", "token ", "api_"]


def plain(text):
    for pattern in PLAIN:
        text = pattern.sub(r"\g<1>***", text)
    return text


def test_the_fast_rule_hides_what_the_plain_one_hides():
    dice = random.Random(1)
    for _number in range(30_000):
        text = "".join(dice.choices(PARTS, k=dice.randint(1, 14)))
        assert mask_text(text) == plain(text), text


@pytest.mark.parametrize("unit", LETTERS)
def test_a_long_run_is_masked_in_no_time(unit):
    text = unit * (1_000_000 // len(unit))
    started = time.process_time()
    mask_text(text, ("a-client-secret",))
    json.dumps(mask({"memo": text}))
    assert time.process_time() - started < 1.0


def test_a_cut_leaves_no_beginning_of_a_secret():
    secret = "s3cr3t-of-the-client"
    for limit in range(1, 60):
        for text in (f"The app sent {secret} twice: {secret}", f"Authorization: Bearer {secret}", f"token={secret}!"):
            shown = mask_text(text, (secret,), limit)
            assert len(shown) <= max(limit, 0) + 3 * 2
            assert "s3c" not in shown, (limit, shown)
    assert mask_text("He wrote: Bearer abcd", (), 19) == "He wrote: "
    assert mask_text("short", ("longer than the text",), 3) == "sho"


def test_an_error_is_cut_before_it_is_masked():
    client = HttpClient("https://example.com", secrets=("the-client-secret",))
    client.explain = lambda data: ("code", data)
    for unit in LETTERS:
        started = time.process_time()
        _code, said = client._quoted(unit * 262_144)
        assert time.process_time() - started < 0.5
        assert len(said) <= 405
    _code, said = client._quoted(("x" * 80 + "the-client-secret") * 10_000)
    assert "client" not in said
    reply = type("Reply", (), {"content": b"a" * (MAX_DETAILS - 8) + b"the-client-secret"})
    assert client._details(reply) == "a" * (MAX_DETAILS - 8)


def test_payloads_and_answers_have_a_depth():
    deep = "[" * 400 + "]" * 400
    assert parsed(deep.encode(), 200, "Testor")[0] is None
    payload = json.loads(deep)
    for _level in range(5):
        payload = {"inner": payload}
    assert "***" in json.dumps(mask(payload))
