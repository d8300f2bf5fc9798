"""The vendors this addon speaks to. Each has a folder; nothing outside it knows the vendor's name."""

from .ramp import RampProvider
from .stampli import StampliProvider
from .visma import VismaProvider

PROVIDERS = {provider.key: provider for provider in (RampProvider, StampliProvider, VismaProvider)}
