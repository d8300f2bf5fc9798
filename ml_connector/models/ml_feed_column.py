from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.documents import FeedColumn
from ..exporters.feed_expressions import EXPRESSIONS, paths_read
from .feed_access import check_path


class MlFeedColumn(models.Model):
    _name = "ml.feed.column"
    _description = "File Column"
    _inherit = "ml.sealed"
    _order = "template_id, sequence, id"
    _maker_right = "administer"
    _birth_fields = ("template_id",)
    _open_fields = {
        "administer": (
            *("sequence", "label", "name", "path", "expression", "argument", "constant", "type", "on_line"),
            *("required", "aliases", "value_map", "xml_path", "max_length", "decimals"),
        )
    }

    template_id = fields.Many2one("ml.feed.template", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="template_id.company_id", store=True, index=True)
    connection_id = fields.Many2one(related="template_id.connection_id", store=True, index=True)
    direction = fields.Selection(related="template_id.direction")
    sequence = fields.Integer(default=10)
    label = fields.Char(required=True, help="Heading in the file, or name of the XML element.")
    name = fields.Char(
        "Meaning",
        help="Import: the meaning of the value, for example number, amount, dimension.Department. Export: id for the"
        " code of the record, active for its status.",
    )
    path = fields.Char("Field", help="Field path of the exported value, for example state_id.code.")
    expression = fields.Selection(
        [(name, name.replace("_", " ").title().replace("Id", "ID")) for name in EXPRESSIONS],
        string="Computed",
    )
    argument = fields.Char(help="Field or analytic plan that the value is computed from.")
    constant = fields.Char()
    type = fields.Selection(
        [
            ("text", "Text"),
            ("code", "Code"),
            ("date", "Date"),
            ("datetime", "Date and Time"),
            ("decimal", "Number"),
            ("integer", "Integer"),
            ("boolean", "Yes/No"),
        ],
        default="text",
        required=True,
    )
    on_line = fields.Boolean("On Lines")
    required = fields.Boolean(
        help="Records without this value are not exported, documents without it are not imported."
    )
    aliases = fields.Char(help="Other headings, separated by commas.")
    value_map = fields.Char("Words", help="Values and their words in the file, for example open=O, closed=C.")
    xml_path = fields.Char(
        "XML Path",
        help="Path of the value, for example Vendor/Code or @id. Empty = the element named like the heading.",
    )
    max_length = fields.Integer(help="Longer texts are cut off. 0 = no limit.")
    decimals = fields.Integer(default=-1, help="-1 = all decimals.")

    _label_unique = models.UniqueIndex("(template_id, label)", "Another column already has this heading.")

    @api.model_create_multi
    def create(self, vals_list):
        columns = super().create(vals_list)
        columns._check_author()
        return columns

    def write(self, vals):
        result = super().write(vals)
        if not {"path", "expression", "argument", "on_line"}.isdisjoint(vals):
            self._check_author()
        return result

    def _check_author(self):
        """See `MlFeedTemplate._check_author`."""
        if not self.env.su:
            self._check_reads()

    @api.constrains("path", "expression", "argument", "on_line", "template_id")
    def _check_reads(self):
        for column in self:
            template = column.template_id
            if not template.model_name:
                if column.path:
                    raise ValidationError(self.env._("Import columns need a meaning instead of a field path."))
                continue
            model = template._model(column.on_line)
            if column.path:
                check_path(model, column.path, column.label)
            for path in paths_read(column.expression, column.argument, model):
                check_path(model, path, column.label, as_value=False)

    @api.constrains("value_map")
    def _check_value_map(self):
        for column in self.filtered("value_map"):
            if any("=" not in pair for pair in column.value_map.split(",") if pair.strip()):
                raise ValidationError(
                    self.env._("Enter the words of %(column)s like open=O, closed=C.", column=column.label)
                )

    def _told_of(self):
        return self.template_id

    def _definition(self):
        pairs = (pair.split("=", 1) for pair in (self.value_map or "").split(",") if pair.strip())
        return FeedColumn(
            label=self.label,
            name=self.name or self.label,
            type=self.type,
            on_line=self.on_line,
            required=self.required,
            aliases=words(self.aliases),
            values=tuple((value.strip(), word.strip()) for value, word in pairs),
            xml_path=self.xml_path or "",
            max_length=self.max_length,
            decimals=None if self.decimals < 0 else self.decimals,
        )


def words(text):
    """The comma-separated words of a text."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
