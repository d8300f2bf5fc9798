from odoo import Command


class Builders:
    """Odoo's own records, with defaults for all that does not matter to a test."""

    def assertHas(self, container, *parts):
        """All parts are in the text, or in the list."""
        for part in parts:
            self.assertIn(part, container)

    @classmethod
    def make(cls, model, **values):
        """One record; records among the values go as their ids."""
        return cls.env[model].create({name: getattr(value, "id", value) for name, value in values.items()})

    @classmethod
    def new_user(cls, login, company, *groups):
        allowed = {"company_id": company, "company_ids": [Command.set(company.ids)]}
        groups = [Command.set([cls.env.ref(group).id for group in groups])]
        return cls.make("res.users", name=login, login=login, group_ids=groups, **allowed)

    @classmethod
    def make_analytic(cls, name, plan=None, **values):
        """An analytic account, of a plan of its own if none is given."""
        plan = plan or cls.make("account.analytic.plan", name=f"Plan of {name}")
        return cls.make("account.analytic.account", name=name, plan_id=plan, **values)

    @classmethod
    def make_account(cls, code, account_type="expense", **values):
        values = {"name": f"Account {code}", "code": code, "account_type": account_type, **values}
        return cls.make("account.account", **values)

    @classmethod
    def repartition(cls, account, *factors, tags=None):
        """How a tax is divided, for bills and their refunds alike."""
        parts = [Command.create({"repartition_type": "base"})]
        for factor in factors or (100,):
            part = {"repartition_type": "tax", "factor_percent": factor, "account_id": account and account.id}
            parts.append(Command.create({**part, "tag_ids": [Command.set(tags.ids if tags else [])]}))
        return {"invoice_repartition_line_ids": parts, "refund_repartition_line_ids": parts}

    @classmethod
    def hand_made(cls, partner, amount=100.0, move_type="in_invoice", post=True, line=None, **values):
        """A bill that somebody enters in Odoo."""
        line = {"name": "Service", "price_unit": amount, "tax_ids": [], **(line or {})}
        values = {"invoice_date": "2026-07-01", "invoice_line_ids": [Command.create(line)], **values}
        move = cls.make("account.move", move_type=move_type, partner_id=partner, **values)
        if post:
            move.action_post()
        return move

    @classmethod
    def make_order(cls, partner, *lines, **values):
        """A confirmed purchase order; lines are dictionaries of their values."""
        order = cls.make("purchase.order", partner_id=partner, order_line=[*map(Command.create, lines)], **values)
        order.button_confirm()
        return order

    @classmethod
    def register_payment(cls, moves, **values):
        """The payments that Odoo's *Pay* makes."""
        register = cls.env["account.payment.register"].with_context(active_model="account.move", active_ids=moves.ids)
        return register.create(values)._create_payments()
