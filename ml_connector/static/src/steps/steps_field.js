import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The way from credentials to the first sync, and what to do next. */
export class StepsField extends Component {
    static template = "ml_connector.StepsField";
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name];
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
                    return _t("Choose the vendor system. Then enter what the vendor gave you.");
                }
                if (!("credential_ids" in data)) {
                    return _t("A system administrator has to enter the credentials here.");
                }
                return resId
                    ? _t("Enter what the vendor gave you on the page Credentials, then press Test connection.")
                    : _t("Enter what the vendor gave you on the page Credentials, then save.");
            case "test":
                if (data.check_state === "requested") {
                    return _t("The vendor is being asked who you are and what you may do.");
                }
                return data.check_state === "error" || data.state === "attention"
                    ? _t("Solve what is named here, then press Test connection again.")
                    : _t("Press Test connection: it asks the vendor who you are and what you may do. Nothing is changed.");
            case "start":
                return data.state === "paused"
                    ? _t("Nothing is read or sent while the connection is paused. Press Start syncing to go on.")
                    : _t("The test went well. Look at the page Flows, try a dry run if you like, then press Start syncing.");
            case "map":
                return _t(
                    "Records wait for codes: press Unmapped above and say what stands for what. What waits goes on by itself."
                );
        }
        if (!data.last_success_at) {
            return _t("The first sync has been started. Reload in a moment to see what came in.");
        }
        return data.failed_count || data.changed_count || data.unknown_count || data.waiting_count
            ? _t("Some records need you: press Failed, Changed, Unknown or Waiting above.")
            : _t("Nothing needs you. New records come in by themselves; you get an activity when something needs a person.");
    }
}

registry.category("fields").add("ml_steps", {
    component: StepsField,
    displayName: _t("Steps"),
    supportedTypes: ["selection"],
});
