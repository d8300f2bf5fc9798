from odoo import api, fields, models


class MlFlowOptions(models.AbstractModel):
    """The options of a flow. Its class names those that apply."""

    _name = "ml.flow.options"
    _inherit = "ml.sealed"
    _description = "Flow Options"
    _open_fields = {
        "administer": (
            *("post_bills", "draft_when_refused", "journal_id", "lock_date_policy", "start_date", "create_vendors"),
            *("rounding_tolerance", "rate_tolerance", "vendor_mode", "conflict_policy", "vendor_change_policy"),
            *("purchase_order_mode", "bill_mode", "invite_mode", "number_source", "expense_mode", "report_mode"),
            *("expense_product_id", "order_product_id", "send_bank_accounts", "group_tag_ids", "attachment_mode"),
            "tell_failures",
        )
    }

    post_bills = fields.Boolean("Post Automatically", default=True, help="If off, new entries stay drafts.")
    draft_when_refused = fields.Boolean(
        "Leave as Draft What Odoo Refuses to Post",
        help="If the rules of the country require data that the provider does not have, Odoo creates a draft bill to"
        " complete. If off, the bill waits and names the missing data.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        help="Journal for the entries of this flow. Empty = the company's default purchase journal.",
    )
    is_journal_gone = fields.Boolean(
        readonly=True, copy=False, help="The chosen journal was deleted. Choose another one."
    )
    lock_date_policy = fields.Selection(
        [("park", "Hold for Review"), ("next_open_day", "Post on First Open Day")],
        default="park",
        required=True,
        help="How Odoo handles a record whose accounting date is in a locked period.",
    )
    start_date = fields.Date(help="Earlier records are not synced.")
    create_vendors = fields.Boolean(
        "Create Missing Vendors", default=True, help="If off, an unknown vendor waits until you choose a contact."
    )
    rounding_tolerance = fields.Float(
        default=0.05,
        digits=(16, 4),
        help="Largest difference from the provider's total that Odoo corrects on the tax line.",
    )
    rate_tolerance = fields.Float(
        "Largest Rate Difference (%)",
        default=20.0,
        digits=(16, 2),
        help="A bill whose exchange rate differs more from Odoo's rate of the same date waits for your decision.",
    )
    vendor_mode = fields.Selection(
        [("at_once", "Immediately"), ("when_needed", "With First Bill or Purchase Order")],
        "New Vendors",
        default="at_once",
        required=True,
        help="When Odoo creates new vendors in the provider's system. Existing ones are always kept up to date.",
    )
    conflict_policy = fields.Selection(
        [("ask", "Ask"), ("odoo", "Odoo Wins"), ("vendor", "Provider Wins"), ("newest", "Newest Change Wins")],
        "Conflicts",
        default="ask",
        required=True,
        help="Which value wins when a field was changed on both sides since the last sync. Changes of different"
        " fields are always merged. If no flow sends to the provider, the provider wins.",
    )
    vendor_change_policy = fields.Selection(
        [
            ("ask", "Ask for Email, Phone, Tax ID and Company Registry"),
            ("ask_all", "Ask for Every Field"),
            ("apply", "Apply Immediately"),
        ],
        "Data of Known Vendors",
        default="ask",
        required=True,
        help="Whether an accountant approves changes from the provider before Odoo applies them to an existing"
        " vendor. Fraudsters use changed email addresses to confirm their own bank accounts.",
    )
    purchase_order_mode = fields.Selection(
        [
            ("auto", "As Provider Allows"),
            ("order", "Purchase Orders"),
            ("draft_bill", "Draft Bills with Order Attached"),
        ],
        "Send Orders As",
        default="auto",
        required=True,
        help="If the provider does not accept purchase orders, Odoo sends a draft bill with the order attached.",
    )
    bill_mode = fields.Selection(
        [("draft", "As Drafts, to Be Approved There"), ("approved", "Approved Bills, Ready for Payment")],
        "Send Bills As",
        default="draft",
        required=True,
    )
    invite_mode = fields.Selection(
        [("draft", "As Drafts, to Be Invited There"), ("invite", "Invite Immediately by Email")],
        "New Users",
        default="draft",
        required=True,
    )
    number_source = fields.Selection(
        [("provider", "From Provider"), ("odoo", "From Odoo")],
        "Numbers of New Records",
        default="provider",
        required=True,
        help="Source of the numbers of new records in the provider's system. From Odoo: the reference of a contact"
        " or the number of a document. Choose this if the provider requires manual numbers.",
    )
    expense_mode = fields.Selection(
        [
            ("expense", "Expense Paid by Company"),
            ("journal_entry", "Journal Entry"),
            ("vendor_bill", "Vendor Bill of Merchant, Paid by Card"),
        ],
        "Book As",
        default="expense",
        required=True,
        help="How Odoo books a card transaction. Refunds and negative lines are always journal entries, because Odoo"
        " has no negative expenses.",
    )
    report_mode = fields.Selection(
        [("journal_entry", "Journal Entry"), ("vendor_bill", "Vendor Bill of Employee")],
        "Book Reports As",
        default="journal_entry",
        required=True,
        help="How Odoo books an expense report. A report without an amount owed to the employee is always a journal"
        " entry.",
    )
    expense_product_id = fields.Many2one(
        "product.product",
        "Expense Category",
        check_company=True,
        domain="[('can_be_expensed', '=', True)]",
        help="Category of the expenses. Empty = Odoo's default category. The account comes from the mapped code.",
    )
    order_product_id = fields.Many2one(
        "product.product",
        "Product for Order Lines",
        check_company=True,
        domain="[('purchase_ok', '=', True), ('type', '=', 'service')]",
        help="Odoo's order lines need a product, but the provider's lines have none.",
    )
    send_bank_accounts = fields.Boolean(
        help="Also send the bank accounts of vendors that are trusted for payments in Odoo. Choose this only if the"
        " provider pays and you verify bank accounts in Odoo.",
    )
    group_tag_ids = fields.Many2many(
        "res.partner.category",
        string="Tags Sent as Vendor Groups",
        help="Odoo adds vendors with these tags to the provider's group of the same name and removes those without."
        " Other tags and groups do not change.",
    )
    attachment_mode = fields.Selection(
        [("shared", "All Except Files of Internal Notes"), ("main", "Main Attachment Only")],
        "Files to Send",
        default="shared",
        required=True,
        help="Which files Odoo sends with a record. It never sends files of internal notes and files that external"
        " users attached.",
    )
    tell_failures = fields.Boolean(
        "Report Failures",
        default=True,
        help="Report failures to the provider with the reason. If off, the provider is informed only after booking."
        " A provider that waits for an answer receives the reason after seven days.",
    )
    show_options = fields.Char(compute="_compute_show_options")

    @api.depends("key", "provider")
    def _compute_show_options(self):
        for flow in self:
            flow.show_options = ",".join(flow._spec().options) if flow.connection_id.provider else ""

    def _options(self):
        """The options of this flow for the provider's code."""
        self.ensure_one()
        return {
            name: self[name]
            for name in ("purchase_order_mode", "bill_mode", "invite_mode", "number_source")
            if name in self._spec().options
        }
