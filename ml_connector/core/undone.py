"""Refusals that leave a task at the provider."""

from contextlib import contextmanager

from .errors import AuthError, ConflictError, InvalidDataError, PermanentError, RemoteError
from .messages import _, paragraph


@contextmanager
def undone(task, provider):
    """Add to a refusal of the provider what to do there manually: only the caller knows the consequences.

    :param task: sentences on what happened in Odoo, and what to do in the provider
    :param provider: label of the provider
    """
    try:
        yield
    except (AuthError, ConflictError, PermanentError, RemoteError) as error:
        kind = type(error) if isinstance(error, (AuthError, RemoteError)) else InvalidDataError
        reason = _("Odoo cannot do this in %(provider)s: %(reason)s", provider=provider, reason=error.message)
        raise error.recast(kind, paragraph(reason, task)) from error
