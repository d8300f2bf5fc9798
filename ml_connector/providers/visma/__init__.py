"""Visma.net: codes, suppliers, supplier invoices and their release, purchase orders and payments."""

from .provider import VismaProvider
