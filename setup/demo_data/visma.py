# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""A Visma.net connection to the sandbox at `URL`: Odoo's posted bills go to the ledger there."""

from lib.inside import connect

connect(env, "visma", "Visma.net", URL, env.ref("base.main_company"), webhook_key="example-signature-key").action_test()
