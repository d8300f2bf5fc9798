import { markup } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { clearUncommittedChanges } from "@web/webclient/actions/action_service";

import { poll } from "./poll";

const MESSAGES = {
    check_state: _t("Testing the connection…"),
    audit_state: _t("Verifying the audit trail…"),
    webhook_state: _t("Changing the webhooks…"),
};

/**
 * Waits for a scheduled action in the background, then reloads the view that started it.
 *
 * The button's own view is reloaded in place, so that the open page, the scroll position and what was typed meanwhile
 * are kept; a view that the user has left is not reloaded.
 */
async function waitForJob(env, action, options = {}) {
    const { params } = action;
    const { action: actionService, notification, orm } = env.services;
    const controllerId = actionService.currentController?.jsId;
    const isLeft = () => actionService.currentController?.jsId !== controllerId;
    const reload = async () => {
        // saves what was typed meanwhile, as leaving the view would
        if (isLeft() || !(await clearUncommittedChanges(env))) {
            return;
        }
        if (options.onClose) {
            await options.onClose();
        } else if (controllerId) {
            await actionService.restore(controllerId);
        }
    };

    const message = params.message || MESSAGES[params.field] || _t("Working…");
    const close = notification.add(markup`<i class="fa fa-spinner fa-spin me-2"></i>${message}`, {
        className: "o_ml_wait",
        sticky: true,
        type: "info",
    });
    await options.onClose?.();
    poll(orm, params)
        .then(async (value) => {
            close();
            if (value === false) {
                notification.add(
                    _t("The scheduled action has not run yet. Check that scheduled actions run on this server."),
                    { sticky: true, type: "warning" }
                );
            }
            await reload();
        })
        .catch((error) => {
            close();
            throw error;
        });
}

registry.category("actions").add("ml_connector.wait", waitForJob);
