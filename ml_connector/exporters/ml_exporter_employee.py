from odoo import models
from odoo.fields import Domain

from ..core.documents import Employee
from ..core.own_ids import own_id


class MlExporterEmployee(models.AbstractModel):
    _name = "ml.exporter.employee"
    _inherit = "ml.exporter"
    _description = "Employee Exporter"
    _may_leave = True
    _reads = ("name", "work_email", "department_id", "work_location_id", "parent_id", "active", "user_id", "company_id")

    def _domain(self, flow):
        return Domain("company_id", "=", flow.company_id.id)

    def _document(self, flow, record):
        # the public profile needs no right on employees
        profile = self.env["hr.employee.public"].browse(record.id)
        first, _blank, last = (record.name or "").strip().rpartition(" ")
        return Employee(
            odoo_id=own_id(record),
            first_name=first,
            last_name=last,
            email=record.work_email or "",
            department=profile.department_id.name or "",
            location=profile.work_location_id.name or "",
            manager_odoo_id=own_id(record.parent_id),
            manager_external_id=self._manager(flow, record),
            active=record.active,
        )

    def _manager(self, flow, record):
        """The provider's id of the manager, who is sent first; empty without a manager or in a circle."""
        manager = record.parent_id
        if not manager.active or not manager.work_email or self._is_circular(record):
            return ""
        return self._remote_id(flow, "employee", manager)

    def _is_circular(self, record):
        seen, manager = set(), record
        while manager:
            if manager in seen:
                return True
            seen.add(manager)
            manager = manager.parent_id
        return False
