"""The provider Stampli."""

import io
import mimetypes
import re

from ...core.capabilities import FileServer
from ...core.errors import ConnectorError, InvalidDataError, NotFoundError, PermanentError
from ...core.files import HostKeyError, SftpAccount, SftpSession, fingerprint
from ...core.messages import _
from ...core.provider import CheckReport, Credential, Finding, Provider, Territory
from .accounts import Accounts
from .bills import BillFiles, Bills
from .dimensions import Dimensions
from .files import Files
from .goods_receipts import GoodsReceipts
from .payments import Payments, PaymentStatus
from .purchase_orders import PurchaseOrders
from .vendors import Vendors

MAX_DOCUMENT = 25 * 1024 * 1024


class StampliProvider(FileServer, Provider):
    """Exchanges files over SFTP, with one session for each run, opened at its first use."""

    key = "stampli"
    label = "Stampli"
    credentials = (
        Credential(
            name="host",
            label=_("Server"),
            address=True,
            help=_("Name of the SFTP server, for example sftp.example.com."),
        ),
        Credential(name="port", label=_("Port"), address=True, required=False, help=_("22 if empty.")),
        Credential(name="username", label=_("User")),
        Credential(
            name="password",
            label=_("Password"),
            secret=True,
            required=False,
            help=_("The server may require a password, a private key, or both."),
        ),
        Credential(
            name="private_key",
            label=_("Private Key"),
            secret=True,
            required=False,
            help=_("OpenSSH, PEM or PKCS#8: Ed25519, ECDSA or RSA. Paste all of it, with its first and last line."),
        ),
        Credential(name="passphrase", label=_("Key Passphrase"), secret=True, required=False),
    )
    flows = (
        Accounts,
        Dimensions,
        Vendors,
        PurchaseOrders,
        GoodsReceipts,
        Files,
        Bills,
        BillFiles,
        Payments,
        PaymentStatus,
    )
    has_entities = True

    def __init__(self, settings, tokens, observe):
        super().__init__(settings, tokens, observe)
        self._session = None

    # ------------------------------------------------------------------ server

    def _account(self):
        values = self.settings.credentials
        port = (values.get("port") or "22").strip()
        if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
            raise InvalidDataError(_("The port must be a number between 1 and 65535."))
        if not values.get("password") and not values.get("private_key"):
            raise InvalidDataError(_("Enter a password or a private key."))
        return SftpAccount(
            **self.entered("host", "username", "password", "private_key", "passphrase"),
            port=int(port),
            host_keys=tuple(self.settings.stored.get("host_keys") or ()),
            allow_loopback=self.settings.allow_loopback,
        )

    def files(self):
        if self._session is None:
            self._session = SftpSession(self._account())
        return self._session

    def close(self):
        if self._session is not None:
            self._session.close()
            self._session = None

    @classmethod
    def territory(cls, credentials, stored):
        """The companies whose records one user of the server exchanges; all if no template names one."""
        host, user = (credentials.get("host") or "").lower(), credentials.get("username") or ""
        if not host:
            return None
        codes = stored.get("company_codes") or ()
        name = f"{user}@{host}"
        business = f"{name}:{(credentials.get('port') or '22').strip()}"
        return Territory(business=business, name=name, entities={code: code for code in codes})

    def check(self):
        account = self._account()
        with SftpSession(account) as session:
            try:
                session.connect()
            except HostKeyError as error:
                return self._unconfirmed(account, error)
            identity = f"{account.username}@{account.host}"
            findings = [Finding(level="ok", title=_("Signed in to the confirmed server"), message=identity)]
            folders = self.settings.stored.get("folders") or ()
            findings += [self._folder_finding(session, folder) for folder in folders]
        return CheckReport(identity=identity, findings=findings)

    def _folder_finding(self, session, folder):
        title = _("Folder %(folder)s", folder=folder)
        try:
            listing = session.list(folder)
        except ConnectorError as error:
            return Finding(level="warning", title=title, message=error.message)
        return Finding(level="ok", title=title, message=_("Number of files: %(count)s.", count=len(listing.files)))

    def _unconfirmed(self, account, error):
        title = _("The server key has changed") if account.host_keys else _("Confirm the server key")
        message = _(
            "%(host)s shows the key %(type)s %(fingerprint)s. Compare it with the key that Stampli gave you through "
            "another channel. If they match, accept the server key.",
            host=account.host,
            type=error.seen.split()[0],
            fingerprint=fingerprint(error.seen),
        )
        return CheckReport(
            findings=[Finding(level="error", title=title, message=message)], settings={"host_key_seen": error.seen}
        )

    # ------------------------------------------------------------------ files

    def download(self, url):
        content = io.BytesIO()
        try:
            self.files().read(url, content, MAX_DOCUMENT)
        except NotFoundError:
            raise
        except PermanentError as error:
            raise InvalidDataError(error.message) from None
        return mimetypes.guess_type(url)[0] or "application/octet-stream", content.getvalue()
