import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { Many2OneReferenceField } from "@web/views/fields/many2one_reference/many2one_reference_field";

const referenceField = registry.category("fields").get("many2one_reference");

/** Selects a record of the mapping's model within its domain; shows an invitation while it is empty. */
export class MappedRecordField extends Component {
    static template = "ml_connector.MappedRecordField";
    static components = { Many2OneReferenceField };
    static props = { ...Many2OneReferenceField.props };

    get referenceProps() {
        return { ...this.props, domain: () => this.props.record.data.res_domain || [] };
    }

    get isInvitation() {
        const { name, readonly, record } = this.props;
        return readonly && !record.data[name] && !record.data.is_ignored;
    }
}

registry.category("fields").add("ml_mapped_record", {
    ...referenceField,
    component: MappedRecordField,
    displayName: _t("Mapped Record"),
});
