"""Stampli: files of master data and orders from Odoo, approved invoices and payments into Odoo, over SFTP."""

from .provider import StampliProvider
