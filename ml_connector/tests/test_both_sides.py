"""Whatever people edit on both sides between two runs, and whatever gets lost, no edit is undone without a decision."""

import random
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents.vendor import split_person_key
from odoo.addons.ml_connector.core.errors import PermanentError, RemoteError, UnconfirmedError
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase
from .test_reconcile import TwoWayProvider

SIDES = ("odoo", "provider")
UNCHANGED = {"purchase_order"}
"""Kinds of which a pull makes new records and changes none: a difference is shown."""
FIELDS = ("street", "city", "email", "person")
"""`person` is the phone of a contact person."""
FIRST = {"street": "Old 1", "city": "Bonn"}
PERSON = "ada@example.com"
LOST = (
    (UnconfirmedError("The connection broke."), False),
    (UnconfirmedError("The connection broke."), True),
    (RemoteError("It failed."), False),
    (RemoteError("It failed after all was done."), True),
    (PermanentError("It is refused."), False),
)


class LossyProvider(TwoWayProvider):
    """Answers may get lost, before or after the effect; it finds again what it has."""

    def send(self, flow, payload, external_id, key):
        fault = fake_provider.REMOTE.next_fault
        fake_provider.REMOTE.next_fault = None
        if fault and not fault[1]:
            raise fault[0]
        known = None if external_id else TwoWayProvider.find(self, flow, payload, key)
        sent = super().send(flow, payload, known.external_id if known else external_id, key)
        if fault:
            raise fault[0]
        return sent

    def find(self, flow, payload, key):
        found = super().find(flow, payload, key)
        item = found and fake_provider.REMOTE.items["vendors"].get(found.external_id)
        return self._as_sent(item) if item else None

    def _as_sent(self, item):
        return fake_provider.SendResult(external_id=item.external_id, shared=self._vendors(item.payload).shared())


@tagged("post_install", "-at_install")
class TestBothSides(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": LossyProvider}))

    def setUp(self):
        super().setUp()
        self.remote.next_fault = None
        self.flow("vendors").vendor_change_policy = "apply"
        self.flow("vendors_push").write({"active": True, "cursor": "2999-01-01 00:00:00"})

    def test_every_two_way_flow_is_merged(self):
        """Of each kind that goes both ways the pull takes only what changed at the provider, or changes nothing."""
        found = 0
        for key, provider in PROVIDERS.items():
            pushed = {flow.kind for flow in provider.flows if flow.direction == "push" and not flow.feed}
            for flow in provider.flows:
                if flow.direction == "pull" and flow.kind in pushed - UNCHANGED and not flow.feed:
                    found += 1
                    self.assertIn("conflict_policy", flow.options, f"{key}: {flow.key}")
        self.assertGreaterEqual(found, 4, "Ramp, SAP Concur, Visma.net and this one")

    # ------------------------------------------------------------------ both sides

    @property
    def person(self):
        return self.partner.child_ids.filtered(lambda child: child.email == PERSON)

    def item(self):
        return next((item for item in self.remote.items.get("vendors", {}).values() if item.title == self.name), None)

    def values(self, side):
        if side == "odoo":
            return {**{name: self.partner[name] or "" for name in FIELDS[:-1]}, "person": self.person.phone or ""}
        item = self.item()
        return {**{name: item.payload.get(name, "") for name in FIELDS[:-1]}, "person": phone(item)} if item else {}

    def write(self, side, name, value):
        """What a person does on one side."""
        self.edits += 1
        self.shown[side][name] = self.edit_of[side, name, value] = (side, self.edits)
        if side == "odoo":
            if name == "person":
                self.person.phone = value
            else:
                self.partner[name] = value
        else:
            item = self.item()
            written = {"people": people(value)} if name == "person" else {name: value}
            self.remote.put("vendors", item.external_id, {**item.payload, **written})

    def take_back(self, side, name, first, before):
        """Whoever takes back what the other side has never seen has edited nothing."""
        other = SIDES[SIDES.index(side) - 1]
        is_seen = self.shown[side][name] in self.seen[other][name]
        self.write(side, name, first)
        if not is_seen:
            self.shown[side][name] = self.edit_of[side, name, first] = before

    def step(self, run):
        """Let the engine work. What it changes on one side comes from the other, and undoes nobody's edit.

        An edit may be replaced only by one of a person on the other side, who has seen it: or somebody decided so.
        """
        before = {side: self.values(side) for side in SIDES}
        shown = {side: dict(self.shown[side]) for side in SIDES}
        run()
        for side, other in (SIDES, SIDES[::-1]):
            for name, value in self.values(side).items():
                if not before[side] or value == before[side][name]:
                    continue
                # what was read may be older than what is there now
                undone, instead = shown[side][name], self.edit_of[other, name, value]
                if name not in self.decided:
                    self.assertNotEqual(instead[0], side, f"{name}: an edit of {side} was undone by an older one")
                    self.assertIn(undone, self.seen[other][name], f"{name}: {other} never had what {side} lost")
                self.shown[side][name] = instead
        for side in SIDES:
            for name in self.values(side):
                if not before[side]:
                    self.shown[side][name] = shown["odoo"][name]
                self.seen[side][name].add(self.shown[side][name])
                self.edit_of[side, name, self.values(side)[name]] = self.shown[side][name]
        self.decided = {name for name in self.decided if self.values("odoo")[name] != self.values("provider").get(name)}

    def start(self, name, is_ours):
        """A vendor that both sides get: made in Odoo and sent, or read."""
        self.name, self.edits, self.decided = name, 0, set()
        self.shown = {side: dict.fromkeys(FIELDS, ("", 0)) for side in SIDES}
        self.seen = {side: {name: {("", 0)} for name in FIELDS} for side in SIDES}
        self.edit_of = {}
        self.seen["provider" if is_ours else "odoo"] = {name: set() for name in FIELDS}
        if is_ours:
            person = Command.create({"name": "Ada", "email": PERSON, "phone": "1"})
            mine = {"is_company": True, "supplier_rank": 1, "child_ids": [person]}
            self.partner = self.env["res.partner"].create(
                {"name": name, **mine, **FIRST, "email": f"{name}@example.com"}
            )
            return
        theirs = {"name": name, **FIRST, "email": f"{name}@example.com", "people": people("1")}
        self.remote.put("vendors", f"id {name}", theirs)
        self.sync()
        self.partner = self.env["res.partner"].search([("name", "=", name), ("parent_id", "=", False)])
        self.seen["odoo"] = {name: {("", 0)} for name in FIELDS}

    def decide(self, chance):
        rows = self.logs("vendors") + self.logs("vendors_push")
        rows.waiting_mapping_ids.filtered("proposed_id").action_accept_proposals()
        for log in self.logs("vendors").filtered(lambda log: log.is_current and log.state == "failed" and log.conflict):
            self.decided |= {"person" if email else name for name, email in map(split_person_key, log.conflict)}
            (log.action_keep_odoo if chance.random() < 0.5 else log.action_keep_provider)()

    def edit(self, chance):
        for name in FIELDS:
            for side in SIDES:
                first = self.values(side).get(name)
                if first is None or chance.random() < 0.65:
                    continue
                before = self.shown[side][name]
                self.write(side, name, f"{side}{self.edits}@example.com")
                if chance.random() < 0.2:
                    self.step(self.run_worker)
                    self.take_back(side, name, first, before)

    def run_as_it_comes(self, chance):
        """One run: the provider's answer may get lost, the poll may not be due, or all may be paused."""
        self.remote.next_fault = chance.choice((None, *LOST))
        self.flow("vendors").next_run_at = chance.choice((False, "2999-01-01"))
        self.connection.state = chance.choice(("connected", "connected", "paused"))
        self.step(chance.choice((self.run_worker, self.run_worker_later)))
        self.connection.state = "connected"

    def play(self, name, chance):
        self.start(name, chance.random() < 0.5)
        for _round in range(4):
            self.edit(chance)
            self.run_as_it_comes(chance)
            if chance.random() < 0.3:
                self.decide(chance)
        self.remote.next_fault = None
        for _run in range(8):
            self.decide(chance)
            for log in self.logs("vendors_push").filtered(lambda log: log.state == "failed"):
                log.action_retry()
            self.flow("vendors").next_run_at = False
            self.flow("vendors_push").next_run_at = False
            self.step(self.run_worker_later)
        self.assertEqual(self.values("odoo"), self.values("provider"))
        self.assertFalse((self.logs("vendors") + self.logs("vendors_push")).filtered(is_open))

    def test_record_that_a_refused_transfer_made_is_linked_by_hand(self):
        """Both sides edited it since: what arrived as it was sent changed in Odoo alone, the rest is asked about."""
        self.start("acme", True)
        self.remote.next_fault = (RemoteError("It failed after all was done."), True)
        self.run_worker()
        self.write("provider", "street", "Theirs 2")
        self.write("odoo", "city", "Berlin")
        self.flow("vendors").next_run_at = False
        self.run_worker_later()
        (self.logs("vendors") + self.logs("vendors_push")).waiting_mapping_ids.action_accept_proposals()
        self.run_worker_later()
        self.flow("vendors").next_run_at = False
        self.run_worker_later()
        asked = self.logs("vendors").filtered("is_current")
        self.assertEqual((asked.state, set(asked.conflict)), ("failed", {"street"}))
        asked.action_keep_odoo()
        for _run in range(3):
            self.run_worker_later()
        self.assertEqual(self.values("odoo"), self.values("provider"))
        self.assertEqual(self.values("provider")["city"], "Berlin")

    def test_no_edit_is_undone(self):
        for seed in (*range(12), 27, 32, 39):
            with self.subTest(seed=seed):
                self.play(f"vendor{seed}", random.Random(seed))


def people(phone):
    return {PERSON: {"name": "Ada", "phone": phone}}


def phone(item):
    return item.payload.get("people", {}).get(PERSON, {}).get("phone", "")


def is_open(log):
    return log.is_current and log.state not in ("done", "superseded")
