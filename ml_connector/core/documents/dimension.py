from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """An analytic plan.

    :param external_id: the provider's ID of it, if the provider had it before Odoo sent it
    """

    odoo_id: int
    name: str
    active: bool = True
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionValue:
    """An analytic account: one value of a dimension.

    :param dimension_odoo_id: its plan
    :param dimension_external_id: the provider's ID of that dimension
    :param dimension_key: key of that dimension on lines of documents
    :param external_id: key of this value on lines of documents, if the provider had it before Odoo sent it
    """

    odoo_id: int
    dimension_odoo_id: int
    name: str
    code: str = ""
    active: bool = True
    dimension_external_id: str = ""
    dimension_key: str = ""
    external_id: str = ""
