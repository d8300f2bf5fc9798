"""Results of Ramp's records, to Ramp (`POST /accounting/syncs`)."""

import hashlib
from functools import cached_property

from ...core.errors import AuthError, NotFoundError, PermanentError
from ...core.flow import ResultFlow
from ...core.messages import _
from ...core.remote import content_version
from .payments import bill_of

MAX_RESULTS = 5000
"""The maximum that Ramp accepts in one call."""
MAX_MESSAGE = 1000
NOT_READY = "DEVELOPER_7062"
NO_CONNECTION = "DEVELOPER_7089"


class Results(ResultFlow):
    key = "results"
    label = _("Sync Status to Ramp")
    sequence = 70
    scopes = ("accounting:write", "bills:read")
    help = _("Reports to Ramp which records Odoo booked, and why it could not book others.")

    @cached_property
    def _sources(self):
        """The flow from which the records of a kind came. Bills first: Ramp accepts their payments only after them."""
        return {flow.kind: self.provider.flow(flow.key) for flow in self.provider.flows if flow.reports}

    def report(self, results, key):
        """Report results and return the reasons of those that Ramp refused, by external ID.

        Ramp refuses a whole call because of one bill. The bills that it names are removed and the rest is sent again;
        if it names none, the call is halved until the refused one is alone.

        :raises AuthError: Odoo does not hold the accounting connection
        """
        reason = _("Ramp accepts no results of this type.")
        refused = {result.external_id: reason for result in results if result.subject not in self._sources}
        for kind, source in self._sources.items():
            chosen = [result for result in results if result.subject == kind]
            for start in range(0, len(chosen), MAX_RESULTS):
                refused.update(self._report_batch(source.sync_type, chosen[start : start + MAX_RESULTS], key))
        return refused

    def _report_batch(self, sync_type, batch, key):
        refused, pending = {}, [batch]
        while pending:
            batch = pending.pop()
            refusal = self._send(body(sync_type, batch, key))
            if refusal is None:
                continue
            named, rest = culprits(batch, refusal)
            if not named:
                half = len(rest) // 2
                pending += [rest[:half], rest[half:]]
                continue
            refused.update(self._really_refused(named, refusal))
            if rest:
                pending.append(rest)
        return refused

    def _send(self, body):
        """Send one call; returns Ramp's refusal, if there is one."""
        try:
            self.client.create("/accounting/syncs", body)
        except PermanentError as error:
            if error.code != NO_CONNECTION:
                return error
            raise AuthError(
                _(
                    "Ramp accepts no results because Odoo is not its accounting system. Test the connection and follow"
                    " the advice on the accounting system."
                ),
                trace_id=error.trace_id,
                status=error.status,
                code=error.code,
            ) from error
        return None

    def _really_refused(self, named, refusal):
        """Refused results with the reason, without those that Ramp has already marked as synced."""
        reason = refusal.message
        if refusal.code == NOT_READY:
            reason = _("Ramp did not accept the status update: the record is not ready to sync there.")
        return {result.external_id: reason for result in named if not self.reported(result)}

    def reported(self, result):
        """Whether Ramp has marked the record as synced; None for a failure, which Ramp does not show."""
        if not (result.success and result.subject in self._sources):
            return None
        try:
            return self._sources[result.subject].is_synced(result.external_id)
        except NotFoundError:
            return False


def culprits(batch, refusal):
    """The results that Ramp names in its refusal, and the others."""
    if len(batch) == 1:
        return batch, []
    named = [result for result in batch if bill_of(result.external_id) in refusal.details]
    return named, [result for result in batch if bill_of(result.external_id) not in refusal.details]


def body(sync_type, batch, key):
    """The body without empty lists, which Ramp refuses."""
    successes = [success(result) for result in batch if result.success]
    failures = [failure(result) for result in batch if not result.success]
    content = {"sync_type": sync_type}
    if successes:
        content["successful_syncs"] = successes
    if failures:
        content["failed_syncs"] = failures
    # The same key for the same content only: Ramp counts a key once, and a call without the refused ones differs.
    return {"idempotency_key": f"{hashlib.sha256(key.encode()).hexdigest()[:24]}-{content_version(content)}", **content}


def success(result):
    """An entry of `successful_syncs`; only bills may have a link to the Odoo record."""
    body = {"id": bill_of(result.external_id), "reference_id": result.reference or "Odoo"}
    if result.subject == "bill" and result.url.startswith(("https://", "http://")):
        body["deep_link_url"] = result.url
    return body


def failure(result):
    """An entry of `failed_syncs`; Ramp shows the message to its users."""
    return {"id": bill_of(result.external_id), "error": {"message": result.failure_text(MAX_MESSAGE)}}
