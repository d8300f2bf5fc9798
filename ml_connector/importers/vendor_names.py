"""Names of vendors, in forms that can be compared."""

import re
import unicodedata
from difflib import SequenceMatcher

from odoo.tools import email_domain_extract

LEGAL_FORMS = frozenset(
    "ab ag aktiengesellschaft aps as asa bhd bv bvba co company corp corporation cv doo eirl ek ev gbr gmbh inc"
    " incorporated kft kg kgaa kk lda limited llc llp lp ltd ltda mbh nv oe ohg ou oy oyj plc pte pty pvt sa sab sarl"
    " sas sc sccl scrl sdn se sl slu snc spa spzoo srl sro ug zrt".split()
)
SIMILAR = 0.7
PUBLIC_DOMAINS = frozenset(
    "aol.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com me.com msn.com"
    " outlook.com proton.me protonmail.com web.de yahoo.com".split()
)


def plain_name(name):
    """A name in lower case, without superfluous spaces."""
    return " ".join((name or "").split()).lower()


def core_name(name):
    """A name in lower case, without accents, punctuation and legal form."""
    text = unicodedata.normalize("NFKD", (name or "").lower())
    text = "".join(char for char in text if not unicodedata.combining(char))
    # dots and slashes are removed because of legal forms such as `S.A.` and `A/S`; all else becomes a space
    words = re.sub(r"[^\w]+", " ", re.sub(r"[./']", "", text)).split()
    return " ".join(word for word in words if word not in LEGAL_FORMS) or " ".join(words)


def first_word(name):
    """The first word of a name, as in the query of `LookAlikes`."""
    return re.sub(r"[.,/']", "", (name or "").lower()).partition(" ")[0]


def is_similar(name, other):
    return SequenceMatcher(None, name, other).ratio() >= SIMILAR


def mail_domains(document):
    """The email domains of a vendor's contacts, without public mail services."""
    found = {email_domain_extract(contact.email) for contact in document.contacts if contact.email}
    return {domain for domain in found if domain and domain not in PUBLIC_DOMAINS}
