from .provider import ConcurProvider

__all__ = ["ConcurProvider"]
