"""Stampli: feeds out, approved invoices and payments in, as files over SFTP."""

from .provider import StampliProvider
