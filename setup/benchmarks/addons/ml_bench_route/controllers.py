from odoo import SUPERUSER_ID, http
from odoo.http import request


class BareController(http.Controller):
    @http.route("/ml_bench/bare", type="http", auth="public", methods=["POST"], csrf=False, save_session=False)
    def bare(self, **_params):
        """The least that a webhook of Odoo can do: one search, one answer."""
        request.env(user=SUPERUSER_ID)["res.partner"].search([("ref", "=", "nobody")], limit=1)
        return request.make_response("ok", headers=[("Content-Type", "text/plain")])
