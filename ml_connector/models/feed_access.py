"""What a file template may read: fields of its records and of linked records that its author may read."""

from ast import literal_eval

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.models import READ_GROUP_NUMBER_GRANULARITY, READ_GROUP_TIME_GRANULARITY

from ..core.http import is_sensitive

MAX_DOMAIN = 4000
MAX_STEPS = 6
MAX_WILDCARDS = 4
FILES = ("binary", "image")
NO_VALUES = ("one2many", "many2many", "json", "reference", "many2one_reference")
SHAPELESS = ("properties", "properties_definition")


def check_path(model, path, label, as_value=True):
    """Check that the user of `model` may read the values at a field path.

    :param label: name of the template or column in the error
    :param as_value: the path must lead to one value that fits into a file; otherwise it is used in a domain or
        computation
    :raises ValidationError: the path is not allowed
    """
    env = model.env
    names = path.split(".")
    if len(names) > MAX_STEPS:
        raise ValidationError(env._("%(label)s: the path is too long.", label=label))
    for position, name in enumerate(names):
        _check_model(model, label)
        field = model._fields.get(name)
        if field is None:
            raise ValidationError(
                env._("%(label)s: %(model)s has no field %(name)s.", label=label, model=model._name, name=name)
            )
        is_last = position == len(names) - 1
        refused = (*FILES, *SHAPELESS, *(NO_VALUES if as_value else ()))
        # fields with groups and credentials are never exported, even if the user may read them
        if field.type in refused or field.groups or is_sensitive(name):
            raise ValidationError(
                env._("%(label)s: the field %(name)s cannot be exported to a file.", label=label, name=name)
            )
        if not model._has_field_access(field, "read"):
            raise ValidationError(_unreadable(model, label))
        if is_last:
            return
        if not as_value and field.type in ("date", "datetime") and names[position + 1 :] in _GRANULARITIES:
            return
        if not field.relational:
            raise ValidationError(
                env._("%(label)s: the field %(name)s cannot be exported to a file.", label=label, name=name)
            )
        model = env[field.comodel_name]


_GRANULARITIES = [[name] for name in (*READ_GROUP_TIME_GRANULARITY, *READ_GROUP_NUMBER_GRANULARITY)]


def check_domain(model, text, label):
    """Check that the user may select records with a literal domain.

    :raises ValidationError: the domain is not allowed or not valid
    """
    env = model.env
    wrong = env._("This domain is not allowed: %(domain)s.", domain=(text or "")[:200])
    if len(text or "") > MAX_DOMAIN:
        raise ValidationError(wrong)
    try:
        domain = Domain(literal_eval(text or "[]"))
        _check_conditions(model, domain, label)
        domain.validate(model)
    except (ValidationError, AccessError):
        raise
    except (ValueError, SyntaxError, TypeError, KeyError, AttributeError, MemoryError, RecursionError) as error:
        raise ValidationError(wrong) from error


def _check_conditions(model, domain, label):
    _check_model(model, label)
    for condition in domain.iter_conditions():
        path, operator, value = condition.field_expr, condition.operator, condition.value
        if operator.endswith("!"):
            raise ValueError(operator)
        check_path(model, path, label, as_value=False)
        if operator.endswith("like") and str(value).count("%") > MAX_WILDCARDS:
            raise ValueError("wildcards")
        target = _target(model, path)
        if target is None:
            continue
        # names and domains are searched in the linked model
        if isinstance(value, (list, tuple, Domain)) and operator in ("any", "not any"):
            _check_conditions(target, Domain(value), label)
        elif _has_text(value):
            _check_model(target, label)


def _target(model, path):
    """The model to which a path leads; None when it leads to a value."""
    for name in path.split("."):
        field = model._fields[name]
        if not field.relational:
            return None
        model = model.env[field.comodel_name]
    return model


def _has_text(value):
    if isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "__iter__"):
        return isinstance(value, str) or any(_has_text(item) for item in value)
    return False


def _check_model(model, label):
    if not model.has_access("read"):
        raise ValidationError(_unreadable(model, label))


def _unreadable(model, label):
    name = model.env["ir.model"]._get(model._name).name
    return model.env._("%(label)s: you do not have the right to read records of %(model)s.", label=label, model=name)
