"""Vendor sandboxes: each speaks its vendor's real protocol on the loopback interface.

They import neither Odoo nor the addon, so that the addon is tested against the vendor's published contract and not
against itself.
"""
