import { Component } from "@odoo/owl";

import { deserializeDate, toLocaleDateString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** One bar for each day: attempts that succeeded and attempts that failed. */
export class HistoryGraphField extends Component {
    static template = "ml_connector.HistoryGraphField";
    static props = { ...standardFieldProps };

    get days() {
        const days = this.props.record.data[this.props.name] || [];
        const highest = Math.max(...days.map((day) => day.done + day.failed), 1);
        return days.map(({ day, done, failed }) => ({
            day,
            doneHeight: (100 * done) / highest,
            failedHeight: (100 * failed) / highest,
            title: _t("%(day)s: %(done)s done, %(failed)s failed", {
                day: toLocaleDateString(deserializeDate(day)),
                done,
                failed,
            }),
        }));
    }

    get isEmpty() {
        const days = this.props.record.data[this.props.name] || [];
        return days.every((day) => !day.done && !day.failed);
    }

    get first() {
        return toLocaleDateString(deserializeDate(this.days[0].day));
    }

    get label() {
        return _t("Attempts of the last 14 days");
    }
}

registry.category("fields").add("ml_history_graph", {
    component: HistoryGraphField,
    displayName: _t("History Graph"),
    supportedTypes: ["json"],
});
