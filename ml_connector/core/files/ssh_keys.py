"""Keys of SSH. `paramiko` is imported on use: without it, only connections by SFTP fail."""

import base64
import contextlib
import hashlib
import io
import logging
import re

from ..errors import AuthError, PermanentError
from ..messages import _

OLDEST_PARAMIKO = (3, 4)
"""Older ones lack strict key exchange (CVE-2023-48795)."""


def fingerprint(host_key):
    """The fingerprint of a `type base64` key, as OpenSSH shows it."""
    blob = base64.b64decode(host_key.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def library():
    try:
        import paramiko
    except ImportError:
        raise PermanentError(
            _("This server lacks the Python package paramiko. Install it (pip install paramiko), then restart Odoo.")
        ) from None
    if tuple(map(int, paramiko.__version__.split(".")[:2])) < OLDEST_PARAMIKO:
        raise PermanentError(
            _(
                "The Python package paramiko on this server is outdated and unsafe. Install version 3.4 or newer"
                " (pip install --upgrade paramiko), then restart Odoo."
            )
        )
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # its text may quote the server
    return paramiko


def load_private_key(text, passphrase=""):
    """The paramiko key of a pasted private key: OpenSSH, PEM or PKCS#8, also with lost line breaks.

    :raises AuthError: it cannot be used
    """
    from cryptography.hazmat.primitives import serialization as ser

    paramiko = library()
    data = _repaired(text).encode()
    if b"PuTTY" in data:
        raise AuthError(_("The private key is in the format of PuTTY. Export it as an OpenSSH key in PuTTYgen."))
    load = ser.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else ser.load_pem_private_key
    try:
        key = load(data, passphrase.encode() or None)
    except TypeError as error:
        if passphrase:  # an unneeded passphrase does no harm
            return load_private_key(text)
        raise AuthError(_("The private key is protected by a passphrase. Enter the key passphrase.")) from error
    except Exception as error:  # noqa: BLE001 - the library raises many kinds; their text may hold parts of the key
        if passphrase:
            raise AuthError(_("Odoo cannot open the private key. Check the key and its passphrase.")) from None
        if "assphrase" in str(error) or "assword" in str(error):
            raise AuthError(_("The private key is protected by a passphrase. Enter the key passphrase.")) from None
        raise AuthError(_("Odoo cannot read the private key. Paste all of it, with its first and last line.")) from None
    plain = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption()).decode()
    for name in ("Ed25519Key", "ECDSAKey", "RSAKey"):
        with contextlib.suppress(paramiko.SSHException, ValueError, IndexError, UnicodeDecodeError, AssertionError):
            return getattr(paramiko, name).from_private_key(io.StringIO(plain))
    raise AuthError(_("This type of private key is not supported. Use Ed25519, ECDSA or RSA."))


def _repaired(text):
    """The key with its line breaks; a one-line input field turns them into spaces."""
    text = text.strip()
    match = re.fullmatch(r"(-----BEGIN [A-Z0-9 ]+-----)(.*?)(-----END [A-Z0-9 ]+-----)", text, re.DOTALL)
    if not match or "\n" in match[2].strip():
        return text + "\n"
    headers = re.match(r"\s*(Proc-Type: \S+)\s+(DEK-Info: \S+)\s+", match[2])
    body = "".join(match[2][headers.end() if headers else 0 :].split())
    wrapped = "\n".join(body[start : start + 70] for start in range(0, len(body), 70))
    return "\n".join([match[1], *([headers[1], headers[2], ""] if headers else []), wrapped, match[3], ""])
