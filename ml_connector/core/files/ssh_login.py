"""Logging in to an SSH server: what it asks for is given, as far as it is known here, one after the other."""

import re

from ..errors import AuthError, NetworkError

KEY = "publickey"
PASSWORD = "password"
QUESTION = "keyboard-interactive"
RSA = "ssh-rsa"
MAX_SHOWN = 5


class Login:
    """One login of one connection.

    :param transport: of paramiko, connected to the server whose key was confirmed
    :param load_key: returns the private key as paramiko's; None where none was entered
    :param password: empty where none was entered
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
        :raises AuthError: with what the server wants
        :raises NetworkError: when it did not answer
        """
        offered = self._offered()
        while not self._transport.is_authenticated():
            method = next((method for method in self._left if method in offered), None)
            if method is None:
                raise AuthError(self._refusal(offered))
            self._left.remove(method)
            offered = self._try(method, offered)

    def _offered(self):
        """The methods that the server names before anything is tried."""
        try:
            self._transport.auth_none(self._username)
        except self._paramiko.BadAuthenticationType as error:
            return error.allowed_types
        except self._paramiko.AuthenticationException as error:
            self._check_answered(error)
            return self._left
        return ()

    def _try(self, method, offered):
        """The methods that the server names after a try."""
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
        """Nothing was refused where nothing was answered."""
        if not self._transport.is_active():
            raise NetworkError(
                "The server broke off the connection while logging in: it may have refused the user, or what was"
                " entered."
            ) from None
        if "timeout" in str(error).lower():
            raise NetworkError("The server did not answer in time while logging in.") from None

    # ------------------------------------------------------------------ ways to log in

    def _give_key(self):
        """Sign with the key, in each way that the library and the server know: newer ones first."""
        key = self._load_key()
        self._is_rsa = key.get_name() == RSA
        if not self._is_rsa:
            return self._transport.auth_publickey(self._username, key)
        ours = [name for name in self._transport.preferred_pubkeys if "rsa" in name]
        problem = self._paramiko.AuthenticationException("no signature in common")
        for name in filter(self._is_known_signature, ours):
            # the library has no other way to say which one is meant
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
        """Whether the server takes it, as far as it says so."""
        said = self._transport.server_extensions.get("server-sig-algs") or b""
        return not said or name in said.decode(errors="replace").split(",")

    def _give_password(self):
        return self._transport.auth_password(self._username, self._password, fallback=False)

    def _answer_question(self):
        return self._transport.auth_interactive(self._username, self._answers)

    def _answers(self, _title, _instructions, prompts):
        """The password, to the first question if it is a single one; to others there is no answer."""
        if len(prompts) == 1 and not self._is_answered:
            self._is_answered = True
            return [self._password]
        self._is_asked_for_more |= bool(prompts)
        return [""] * len(prompts)

    # ------------------------------------------------------------------ sentences

    def _refusal(self, offered):
        """What the server wants, and what helps."""
        if PASSWORD in self._accepted and QUESTION in self._refused:
            self._is_asked_for_more = True
        parts = [self._refused_part()]
        missing = ["key"] if KEY in offered and not self._load_key else []
        missing += ["password"] if {PASSWORD, QUESTION} & {*offered} and not self._password else []
        if self._is_asked_for_more:
            parts.append(
                "It asks for more than a password, for example a code or a new password, which only a person can give:"
                " ask its owner for a user that logs in without."
            )
        elif missing and self._refused:
            parts.append(f"It also takes a {missing[0]}.")
        elif missing:
            parts.append(f"The server also wants a {missing[0]}: enter it too.")
        elif not self._refused:
            parts.append(self._unknown_part(offered))
        return " ".join(filter(None, parts))

    def _refused_part(self):
        refused = ["key"] if KEY in self._refused else []
        refused += ["password"] if self._refused & {PASSWORD, QUESTION} and not self._is_asked_for_more else []
        if not refused:
            return ""
        if self._accepted:
            taken = "key" if KEY in self._accepted else "password"
            text = f"The server took the {taken} and refused the {' and the '.join(refused)}."
        else:
            text = f"The server refused the user{',' if len(refused) > 1 else ''} or the {' or the '.join(refused)}."
        if self._is_rsa and KEY in self._refused:
            text += (
                " If the key is the right one, the server does not take this kind of signature (RSA): an Ed25519 key"
                " helps."
            )
        return text

    def _unknown_part(self, offered):
        if set(offered) & {KEY, PASSWORD, QUESTION}:
            return "The server wants a second one of what it took: ask its owner for a user that needs one of each."
        names = [name for name in offered if re.fullmatch(r"[a-z0-9@.-]{1,40}", name, re.IGNORECASE)][:MAX_SHOWN]
        ways = f" ({', '.join(names)})" if names else ""
        return f"The server offers no way to log in that is known here{ways}: ask its owner for a password or a key."
