"""The language of the product: words that no text may use, and sentences that could not be translated."""

import ast
import re

import polib

from . import console, paths
from .translations import TEMPLATE

RULES = {
    "name the system": r"at the vendor\b|the vendor's|vendor system|over there|of the books\b|the other side",
    "name who acts": r"\bwe\b|nobody|somebody|\ba person\b|"
    r"\b(is|are|was|were) (tried|looked up|taken|told|asked|noticed|put)\b",
    "state the fact": r"it is (not )?known|nobody has said|\bis to be\b|says? which",
    "one sentence for a fact, one for what to do": (
        r": (correct|choose|create|enter|map|make|merge|open|post|reverse|fill|look)\b"
    ),
    "click, and name the place": r"\bpress(es)?\b|\babove\b|under Accounting",
    "automatically, with the time or the event": r"by (itself|themselves)\b|\bgoe?s? on\b|in a moment",
    "a noun": r"^what\b|what (became|waits|is there|stands|is named)\b",
    "plain words": r"\banew\b|any ?more\b|over %\(|\bat once\b|\bso long\b|stands? for\b|hears? of\b|comes? in\b",
}
"""What to do instead, by the pattern of what is wrong."""
SMALL = frozenset("a an the and or if of to in on at by for from with as nor but per via".split())
LABELS = (
    "ir.model.fields,field_description:",
    "ir.model.fields.selection,name:",
    "ir.ui.menu,name:",
    ",name:ml_connector.act",
)
ODOO_FIELDS = r"__(create_|write_|message_|activity_|my_activity_)"
"""Fields that Odoo's own models give ours, with Odoo's labels."""
DOCS = ("README.rst", "SECURITY.md", "CONTRIBUTING.rst", "CHANGELOG.rst", "docs/*.rst", "ml_connector/readme/*.rst")


def main(_arguments):
    """Show every text of the template of translations, line of the documentation and raised sentence with a fault."""
    faults = [*_texts(), *_documentation(), *_raised()]
    for place, fault in faults:
        console.say(f"{place}: {fault}")
    return bool(faults)


def _texts():
    for entry in polib.pofile(str(TEMPLATE)):
        place = f"{TEMPLATE.name}:{entry.linenum}"
        yield from ((place, fault) for fault in _faults(entry.msgid))
        places = [where for where, _line in entry.occurrences if not re.search(ODOO_FIELDS, where)]
        is_label = any(label in where for where in places for label in LABELS)
        if is_label and (wrong := _uncapitalized(entry.msgid)):
            yield place, f"{entry.msgid!r}: Title Case: {', '.join(wrong)}"


def _documentation():
    for pattern in DOCS:
        for path in sorted(paths.ROOT.glob(pattern)):
            for number, line in _prose(path.read_text().splitlines()):
                yield from ((f"{console.shown(path)}:{number}", fault) for fault in _faults(line))


def _prose(lines):
    """Numbered lines without those of literal blocks: commands, code and tables that are compared with code."""
    literal = None
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        if literal is not None and line.strip() and indent <= literal:
            literal = None
        if literal is None:
            yield number, line
            if re.search(r"^(?!\s*\.\. ).*::$|^\s*\.\. code-block::", line):
                literal = indent


def _faults(text):
    for advice, pattern in RULES.items():
        if found := re.search(pattern, text, re.IGNORECASE):
            yield f"{found.group()!r}: {advice}: {' '.join(text.split())[:120]}"


def _uncapitalized(label):
    """Words of a label that lack their capital."""
    words = label.split()
    return [
        word
        for place, word in enumerate(words)
        if word[0].islower() and (word not in SMALL or place in (0, len(words) - 1)) and "." not in word
    ]


def _raised():
    """Errors of ours whose sentence is no marked template, so that it is never translated."""
    errors = {
        node.name
        for node in ast.parse((paths.ADDON / "core" / "errors.py").read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    for path in sorted(paths.ADDON.rglob("*.py")):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in errors and node.args):
                continue
            if isinstance(node.args[0], (ast.JoinedStr, ast.Constant, ast.BinOp)):
                yield f"{console.shown(path)}:{node.lineno}", f"{node.func.id}: mark the sentence with _()"


if __name__ == "__main__":
    console.command(main, [])
