"""The providers' tenants that the environment names; see docs/live.rst.

`<PROVIDER>` is RAMP, VISMA or CONCUR, `<NAME>` the name of a credential as the provider's class has it::

    ML_CONNECTOR_LIVE_<PROVIDER>_<NAME>=...   credentials; without the required ones the provider is left out
    ML_CONNECTOR_LIVE_<PROVIDER>_URL=...      another address than that of the provider's sandbox
    ML_CONNECTOR_LIVE_<PROVIDER>_USE=...      codes that records are written with: account=6340,tax=1
    ML_CONNECTOR_LIVE_WRITE=1                 write, too
    ML_CONNECTOR_LIVE_WEBHOOKS=...            address of another server than example.com that is named for webhooks
    ML_CONNECTOR_LIVE_RECORD=FOLDER           record, without secrets, in <FOLDER>/<provider>.jsonl
"""

import os
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.traffic import Recording
from support import pure  # noqa: F401 - the addon without Odoo
from support.tokens import MemoryTokens

from ml_connector.core.provider import Settings
from ml_connector.providers import PROVIDERS

PREFIX = "ML_CONNECTOR_LIVE_"
KEYS = ("ramp", "visma", "concur")


def setting(*names):
    """What a variable of the environment says."""
    return os.environ.get(PREFIX + "_".join(names).upper(), "")


def writes():
    return setting("write") == "1"


def configured():
    """The providers whose credentials are there."""
    return [
        key
        for key in KEYS
        if all(setting(key, credential.name) for credential in PROVIDERS[key].credentials if credential.required)
    ]


class Tenant:
    """One tenant, as a connection of Odoo would know it.

    :ivar report: of the connection check, which comes first
    :ivar notes: what a person wants to see in the end
    """

    def __init__(self, key):
        self.key = key
        self.kind = PROVIDERS[key]
        known = self.kind.credentials
        self.credentials = {credential.name: setting(key, credential.name) for credential in known}
        secrets = [self.credentials[credential.name] for credential in known if credential.secret]
        folder = setting("record")
        self._recording = Recording(Path(folder) / f"{key}.jsonl", secrets) if folder else None
        self._tokens = MemoryTokens()
        self.notes = []

    @cached_property
    def report(self):
        return self._made({}, frozenset()).check()

    @cached_property
    def provider(self):
        return self.run()

    def look_again(self):
        """Check the connection anew, because more is allowed now."""
        del self.report, self.provider

    def run(self, options=None):
        """A provider, as each run of the job has its own.

        :param options: {flow key: {name: value}} of the choices made on the flows
        """
        return self._made(self.report.settings, frozenset(self.report.capabilities), options)

    def flows(self, direction):
        """The flows of a direction that the tenant allows."""
        granted = self.report.capabilities
        return [
            flow
            for flow in self.kind.flows
            if flow.direction == direction and not flow.feed and not self.kind.blocked(flow.key, frozenset(granted), {})
        ]

    def chosen(self, kind):
        """The code of a kind that records are written with: what the environment says, else the first one."""
        codes = [code for code in self._codes if code.kind == kind]
        if wanted := self.named(kind):
            codes = [code for code in codes if wanted in (code.external_id, code.code)]
        return next(iter(codes), None)

    def named(self, kind):
        """The code of a kind that the environment says."""
        return dict(pair.split("=", 1) for pair in setting(self.key, "use").split(",") if pair).get(kind, "")

    @cached_property
    def _codes(self):
        flow = next(flow.key for flow in self.kind.flows if flow.kind == "reference" and flow.direction == "pull")
        pages = self.provider.flow(flow).pull("", None)
        return [self.provider.flow(flow).document(item.payload) for page in pages for item in page.items]

    def _made(self, stored, capabilities, options=None):
        settings = Settings(
            base_url=setting(self.key, "url") or self.kind.environments["sandbox"],
            credentials=self.credentials,
            stored=stored,
            capabilities=capabilities,
            options=options or {},
            instance="live-test",
            company="LIVE",
        )
        provider = self.kind(settings, self._tokens, None)
        if self._recording:
            # Visma.net gives its tokens at an address of their own
            for client in (provider.client, getattr(provider.client, "_connect", None)):
                if client:
                    _record(client, self._recording)
        return provider

    def close(self):
        if "provider" in vars(self):
            self.provider.close()


def _record(client, recording):
    """Write each exchange of a client down as it was on the wire."""
    # there is no other place where request and answer are seen whole
    send = client._session.send

    def recorded(request, **options):
        response = send(request, **options)
        parts = urlsplit(request.url)
        body = request.body.encode() if isinstance(request.body, str) else request.body
        recording.add(
            *(request.method, parts.path, parts.query, request.headers, body),
            *(response.status_code, response.headers, response.content),
        )
        return response

    client._session.send = recorded
