"""Logging in to an SSH server with the methods that it requests, one after the other."""

import re

from ..errors import AuthError, NetworkError
from ..messages import _, paragraph

KEY = "publickey"
PASSWORD = "password"
QUESTION = "keyboard-interactive"
RSA = "ssh-rsa"
MAX_SHOWN = 5


class Login:
    """One login of one connection.

    :param transport: of paramiko, connected to the server whose key was confirmed
    :param load_key: returns the private key of paramiko; None if none was entered
    :param password: empty if none was entered
    """

    def __init__(self, paramiko, transport, username, load_key, password):
        self._paramiko = paramiko
        self._transport = transport
        self._username = username
        self._load_key = load_key
        self._password = password
        self._left = [*([KEY] if load_key else ()), *([PASSWORD, QUESTION] if password else ())]
        self._refused = set()
        self._accepted = set()
        self._is_rsa = False
        self._is_answered = False
        self._is_asked_for_more = False

    def run(self):
        """
        :raises AuthError: with what the server requires
        :raises NetworkError: it did not answer
        """
        offered = self._offered()
        while not self._transport.is_authenticated():
            method = next((method for method in self._left if method in offered), None)
            if method is None:
                raise AuthError(self._refusal(offered))
            self._left.remove(method)
            offered = self._try(method, offered)

    def _offered(self):
        """The methods that the server names before the first attempt."""
        try:
            self._transport.auth_none(self._username)
        except self._paramiko.BadAuthenticationType as error:
            return error.allowed_types
        except self._paramiko.AuthenticationException as error:
            self._check_answered(error)
            return self._left
        return ()

    def _try(self, method, offered):
        """The methods that the server names after an attempt."""
        try:
            wanted = {KEY: self._give_key, PASSWORD: self._give_password, QUESTION: self._answer_question}[method]()
        except self._paramiko.BadAuthenticationType as error:
            return error.allowed_types
        except self._paramiko.AuthenticationException as error:
            self._refused.add(method)
            self._check_answered(error)
            return offered
        self._accepted.add(method)
        return wanted

    def _check_answered(self, error):
        """Raise NetworkError if the server did not answer, so that this is not taken for a refusal."""
        if not self._transport.is_active():
            raise NetworkError(
                _("The server closed the connection during the login. It may have rejected the credentials.")
            ) from None
        if "timeout" in str(error).lower():
            raise NetworkError(_("The server did not answer the login in time.")) from None

    # ------------------------------------------------------------------ methods

    def _give_key(self):
        """Sign with the key, by each algorithm that the library and the server know, newer ones first."""
        key = self._load_key()
        self._is_rsa = key.get_name() == RSA
        if not self._is_rsa:
            return self._transport.auth_publickey(self._username, key)
        ours = [name for name in self._transport.preferred_pubkeys if "rsa" in name]
        problem = self._paramiko.AuthenticationException("no signature in common")
        for name in filter(self._is_known_signature, ours):
            # the library offers no other way to choose one
            self._transport.disabled_algorithms = {"pubkeys": [other for other in ours if other != name]}
            try:
                return self._transport.auth_publickey(self._username, key)
            except self._paramiko.BadAuthenticationType:
                raise
            except self._paramiko.AuthenticationException as error:
                self._check_answered(error)
                problem = error
        raise problem

    def _is_known_signature(self, name):
        """Whether the server accepts it, as far as it announces that."""
        said = self._transport.server_extensions.get("server-sig-algs") or b""
        return not said or name in said.decode(errors="replace").split(",")

    def _give_password(self):
        return self._transport.auth_password(self._username, self._password, fallback=False)

    def _answer_question(self):
        return self._transport.auth_interactive(self._username, self._answers)

    def _answers(self, _title, _instructions, prompts):
        """The password for a single first prompt; nothing for others."""
        if len(prompts) == 1 and not self._is_answered:
            self._is_answered = True
            return [self._password]
        self._is_asked_for_more |= bool(prompts)
        return [""] * len(prompts)

    # ------------------------------------------------------------------ sentences

    def _refusal(self, offered):
        """Sentences on what the server wants, and what helps."""
        if PASSWORD in self._accepted and QUESTION in self._refused:
            self._is_asked_for_more = True
        return paragraph(*self._refused_sentences(), self._next_sentence(offered))

    def _next_sentence(self, offered):
        if self._is_asked_for_more:
            return _(
                "The server asks for more than a password, such as a code or a new password. Ask its operator for a"
                " user that logs in without it."
            )
        lacks_key = KEY in offered and not self._load_key
        lacks_password = bool({PASSWORD, QUESTION} & {*offered}) and not self._password
        if lacks_key and self._refused:
            return _("The server also accepts a private key.")
        if lacks_key:
            return _("The server requires a private key. Enter it too.")
        if lacks_password and self._refused:
            return _("The server also accepts a password.")
        if lacks_password:
            return _("The server requires a password. Enter it too.")
        return "" if self._refused else self._no_way_sentence(offered)

    def _refused_sentences(self):
        is_key = KEY in self._refused
        is_password = bool(self._refused & {PASSWORD, QUESTION}) and not self._is_asked_for_more
        if KEY in self._accepted and is_password:
            yield _("The server accepted the private key and rejected the password.")
        elif self._accepted and is_key:
            yield _("The server accepted the password and rejected the private key.")
        elif is_key and is_password:
            yield _("The server rejected the user, the private key or the password.")
        elif is_key:
            yield _("The server rejected the user or the private key.")
        elif is_password:
            yield _("The server rejected the user or the password.")
        if is_key and self._is_rsa:
            yield _("If the key is right, the server does not accept RSA signatures. Use an Ed25519 key.")

    def _no_way_sentence(self, offered):
        if set(offered) & {KEY, PASSWORD, QUESTION}:
            return _(
                "The server requires a second key or password. Ask its operator for a user that needs one of each only."
            )
        names = [name for name in offered if re.fullmatch(r"[a-z0-9@.-]{1,40}", name, re.IGNORECASE)][:MAX_SHOWN]
        if not names:
            return _("The server offers no login that Odoo supports. Ask its operator for a password or a key.")
        return _(
            "The server offers only logins that Odoo does not support: %(names)s. Ask its operator for a password or a"
            " key.",
            names=names,
        )
