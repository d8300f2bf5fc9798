"""What the parts of a run have in common."""

import hashlib
import json
import time

import psycopg2

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS

CONFLICT_TRIES = 5
RACES = (*CONFLICTS, psycopg2.errors.UniqueViolation)
"""Errors when another worker handles the same record: a repetition finds the record that it made."""
PARALLEL_CALLS = 8
BATCH = 50
SEND_BATCH = 100


class Step:
    """A part of a run that concerns the whole connection."""

    def __init__(self, run):
        self.run = run
        self.connection = run.connection
        self.env = run.env


class OfFlow:
    """A part of a run that concerns one flow."""

    def __init__(self, run, flow):
        self.run = run
        self.flow = flow
        self.connection = flow.connection_id
        self.env = flow.env

    @property
    def spec(self):
        """The flow's class."""
        return self.flow._spec()

    @property
    def remote(self):
        """The flow's instance in this run, which calls the provider."""
        return self.run.provider.flow(self.flow.key)


class OfRecords:
    """A part of the engine that only writes its tables, also outside of a run."""

    def __init__(self, env):
        self.env = env


def is_of(flow, base):
    """Whether the class of a flow is one of a kind, such as `ResultFlow`."""
    return issubclass(flow._spec(), base)


def halves(parts):
    middle = (len(parts) + 1) // 2
    return parts[:middle], parts[middle:]


def elapsed(started):
    return round((time.monotonic() - started) * 1000)


def digest(value, length):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:length]


def requested(connection, model):
    """The open requests of users to the connection, of one kind of wizard."""
    return connection.env[model].search([("connection_id", "=", connection.id), ("state", "=", "requested")])


def record_attempts(logs, action, **details):
    """Add an attempt of each of the transfers, all of one connection, to the audit trail."""
    entries = [{"log": log, "action": action, **details} for log in logs]
    logs.env["ml.sync.attempt"]._append(logs.connection_id, entries)


def bindings_by_record(flow, records):
    """{record id: its link to the provider} of records of one model that a push flow sends."""
    bindings = flow.env["ml.binding"]
    found = bindings.search(bindings._domain_of(flow.connection_id, flow.kind, records))
    return {binding.res_id: binding for binding in found}
