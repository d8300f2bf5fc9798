"""The handlers of Concur's APIs by operation; each subject's module adds its own."""

from ..server import Handlers

handlers = Handlers()
