import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const HINTS = {
    credentials: _t("Enter what the vendor gave you on the page Credentials below."),
    test: _t("Press Test connection: it asks the vendor who you are and what you may do. Nothing is changed."),
    start: _t("The test went well. Look at the flows below, then press Start syncing."),
    map: _t("Some codes of the vendor are unknown here. Say what they stand for; what waits for them then goes on by itself."),
    exceptions: _t("Everything runs by itself. Look here again when something failed or waits."),
};

/** The way from credentials to the first sync, with the step that comes next. */
export class StepsField extends Component {
    static template = "ml_connector.StepsField";
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name];
    }

    get hint() {
        return HINTS[this.value];
    }

    get steps() {
        const { selection } = this.props.record.fields[this.props.name];
        const current = selection.findIndex(([key]) => key === this.value);
        return selection.map(([key, label], index) => ({
            key,
            label,
            number: index + 1,
            isDone: index < current,
            isCurrent: index === current,
        }));
    }
}

registry.category("fields").add("ml_steps", {
    component: StepsField,
    displayName: _t("Steps"),
    supportedTypes: ["selection"],
});
