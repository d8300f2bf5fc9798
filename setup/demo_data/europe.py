# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""The connection of the second company with its entity of the Ramp business."""

from lib.inside import connect

company = env["res.company"].search([("name", "=", "Northwind Europe")])
env = env(context={"allowed_company_ids": [company.id]})

connection = connect(env, "ramp", "Ramp Europe", URL, company, entity="Example Europe B.V.")
connection.action_test()
result = connection.id
