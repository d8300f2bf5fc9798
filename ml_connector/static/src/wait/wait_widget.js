import { Component, onWillUnmount, useState } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { poll } from "./poll";

/** Shows a spinner in a form until the scheduled action has changed the field, then reloads the record. */
export class WaitWidget extends Component {
    static template = "ml_connector.WaitWidget";
    static props = {
        ...standardWidgetProps,
        field: String,
        busy: String,
        message: { type: String, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ isLate: false });
        this.message = this.props.message || _t("Working…");
        this.isCancelled = false;
        onWillUnmount(() => (this.isCancelled = true));
        this.wait();
    }

    async wait() {
        const { record, field, busy } = this.props;
        const params = { model: record.resModel, id: record.resId, field, busy };
        if (!record.resId || record.data[field] !== busy) {
            return;
        }
        while (!this.isCancelled) {
            const value = await poll(this.orm, params, () => this.isCancelled);
            if (this.isCancelled) {
                return;
            }
            if (value !== false) {
                await record.load();
                return;
            }
            this.state.isLate = true;
        }
    }
}

registry.category("view_widgets").add("ml_wait", {
    component: WaitWidget,
    extractProps: ({ attrs }) => ({ field: attrs.field, busy: attrs.busy, message: attrs.message }),
});
