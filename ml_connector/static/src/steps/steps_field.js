import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The set-up steps of a connection, with a hint for the current one. */
export class StepsField extends Component {
    static template = "ml_connector.StepsField";
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name];
    }

    get provider() {
        const { data, fields } = this.props.record;
        return fields.provider.selection.find(([key]) => key === data.provider)?.[1];
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

    get hint() {
        const { data, resId } = this.props.record;
        switch (this.value) {
            case "credentials":
                if (!data.provider) {
                    return _t("Choose a provider, then enter its credentials.");
                }
                if (!("credential_ids" in data)) {
                    return _t("Ask a system administrator to enter the credentials.");
                }
                return resId
                    ? _t("Enter the %(provider)s credentials, then test the connection.", { provider: this.provider })
                    : _t("Enter the %(provider)s credentials, then save.", { provider: this.provider });
            case "test":
                if (data.check_state === "requested") {
                    return _t("Testing the connection…");
                }
                return data.check_state === "error" || data.state === "attention"
                    ? _t("Fix the errors below, then test again.")
                    : _t("Test the connection. The test checks sign-in and permissions and changes nothing.");
            case "start":
                return data.state === "paused"
                    ? _t("Paused. Start syncing to continue.")
                    : _t("Connection OK. Review the flows, then start syncing.");
            case "map":
                return _t("Records wait for codes. Map the codes; the records then continue automatically.");
        }
        if (!data.last_success_at) {
            return _t("First sync running…");
        }
        return data.failed_count || data.changed_count || data.unknown_count || data.waiting_count
            ? _t("Some transfers need you.")
            : _t("All caught up. New records are synced automatically.");
    }
}

registry.category("fields").add("ml_steps", {
    component: StepsField,
    displayName: _t("Steps"),
    supportedTypes: ["selection"],
});
