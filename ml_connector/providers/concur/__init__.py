from .provider import ConcurProvider
