from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """An analytic plan: something that lines can be coded to beside their account."""

    odoo_id: int
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionValue:
    """An analytic account: one value of a dimension.

    :param dimension_odoo_id: the plan it belongs to
    """

    odoo_id: int
    dimension_odoo_id: int
    name: str
    code: str = ""
    active: bool = True
