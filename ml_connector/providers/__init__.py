"""The providers that this addon speaks to. Each has a folder; nothing outside it knows the provider's name."""

from .concur import ConcurProvider
from .ramp import RampProvider
from .stampli import StampliProvider
from .visma import VismaProvider

PROVIDERS = {provider.key: provider for provider in (ConcurProvider, RampProvider, StampliProvider, VismaProvider)}
