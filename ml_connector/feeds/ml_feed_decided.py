from odoo import models


class MlFeedTemplate(models.Model):
    _name = "ml.feed.template"
    _inherit = ["ml.feed.template", "ml.decided"]


class MlFeedColumn(models.Model):
    _name = "ml.feed.column"
    _inherit = ["ml.feed.column", "ml.decided"]

    def _told_of(self):
        return self.template_id


class MlFeedFile(models.Model):
    _name = "ml.feed.file"
    _inherit = ["ml.feed.file", "ml.decided"]
