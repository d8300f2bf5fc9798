"""Visma.net: what records are coded to, suppliers, supplier invoices and their release."""

from .provider import VismaProvider

__all__ = ["VismaProvider"]
