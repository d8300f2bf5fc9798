"""Provider sandboxes: each speaks its provider's real protocol on the loopback interface.

They import neither Odoo nor the addon, so that the addon is tested against the provider's published contract and not
against itself.
"""
