from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """An analytic plan: something that lines can be coded to beside their account.

    :param external_id: what the vendor system calls it, where it had it before us
    """

    odoo_id: int
    name: str
    active: bool = True
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionValue:
    """An analytic account: one value of a dimension.

    :param dimension_odoo_id: the plan it belongs to
    :param dimension_external_id: the vendor system's own id of that dimension
    :param dimension_key: what coded lines call that dimension
    :param external_id: what coded lines call this value, where the vendor system had it before us
    """

    odoo_id: int
    dimension_odoo_id: int
    name: str
    code: str = ""
    active: bool = True
    dimension_external_id: str = ""
    dimension_key: str = ""
    external_id: str = ""
