"""Flows of providers in memory: their methods are those of the provider, which get the key of the flow."""

from odoo.addons.ml_connector.core.flow import PullFlow, PushFlow, ResultFlow


def declared(**values):
    """A flow with those attributes."""
    base = PullByKey if values["direction"] == "pull" else PushByKey
    if values.get("kind") == "result":
        base = ResultByKey
    return type("DeclaredFlow", (base,), values)


def pulled(key, kind, sequence, label="", **values):
    return declared(key=key, label=label or key, direction="pull", kind=kind, sequence=sequence, **values)


def sent(key, kind, watches, sequence, **values):
    """A push flow that is off, with its key as label."""
    values = {"label": key, "watches": watches, "sequence": sequence, "active": False, **values}
    return declared(key=key, direction="push", kind=kind, **values)


def changed(flow, **values):
    """The flow with other attributes."""
    return type(flow.__name__, (flow,), values)


class PullByKey(PullFlow):
    def pull(self, cursor, since):
        return self.provider.pull(self.key, cursor, since)

    def booked(self, since):
        return self.provider.booked(self.key, since)

    def reread(self):
        return self.provider.reread(self.key)

    def fetch(self, external_id):
        return self.provider.fetch(self.key, external_id)

    def fetch_files(self, external_id, known):
        return self.provider.fetch_files(self.key, external_id, known)

    def changed_after(self, external_id, moment):
        return self.provider.changed_after(self.key, external_id, moment)

    def acknowledge(self, versions):
        return self.provider.acknowledge(self.key, versions)

    def document(self, payload):
        return self.provider.document(self.key, payload)


class PushByKey(PushFlow):
    def render(self, document):
        return self.provider.render(self.key, document)

    def send(self, payload, external_id, key):
        return self.provider.send(self.key, payload, external_id, key)

    def send_many(self, jobs):
        return self.provider.send_many(self.key, jobs)

    def find(self, payload, key):
        return self.provider.find(self.key, payload, key)

    def not_accepted(self):
        return self.provider.not_accepted(self.key)

    def manual_change(self, external_id):
        return self.provider.manual_change(self.key, external_id)


class ResultByKey(ResultFlow):
    def report(self, results, key):
        return self.provider.report(results, key)

    def reported(self, result):
        return self.provider.reported(result)
