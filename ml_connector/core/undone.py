"""Refusals that leave something to be done at the provider."""

from contextlib import contextmanager

from .errors import AuthError, ConflictError, InvalidDataError, PermanentError, RemoteError


@contextmanager
def undone(task, label):
    """Say what a person has to do where the provider refuses to do it: only who asks knows what else follows.

    :param task: what happened in Odoo, and what is to be done at the provider, without a full stop
    :param label: of the provider
    """
    try:
        yield
    except (AuthError, ConflictError, PermanentError, RemoteError) as error:
        kind = type(error) if isinstance(error, (AuthError, RemoteError)) else InvalidDataError
        raise error.recast(kind, f"{task}, because {label} does not let Odoo do it: {error.message}") from error
