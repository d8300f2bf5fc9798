"""Ramp: vendor bills, their payments, vendors and coding."""

from .provider import RampProvider
