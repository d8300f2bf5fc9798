import { Component } from "@odoo/owl";

import { toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { CharField } from "@web/views/fields/char/char_field";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** One input for each credential of a connection. Stored secrets never reach the browser, only whether they are set. */
export class CredentialsField extends Component {
    static template = "ml_connector.CredentialsField";
    static components = { CharField };
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.dialog = useService("dialog");
    }

    get credentials() {
        return this.props.record.data[this.props.name].records;
    }

    inputProps(credential) {
        const { is_secret: isSecret, is_set: isSet } = credential.data;
        return {
            id: this.inputId(credential),
            name: isSecret ? "new_secret" : "value",
            record: credential,
            readonly: this.props.readonly,
            isPassword: isSecret,
            placeholder: isSecret && isSet ? _t("•••••••• (type to replace)") : "",
        };
    }

    /** The choices that the provider offers, and the stored value even if the provider no longer offers it. */
    choices(credential) {
        const { choices, value } = credential.data;
        return choices?.length ? [...new Set([...choices, ...(value ? [value] : [])])] : [];
    }

    choose(credential, value) {
        return credential.update({ value: value || false });
    }

    canRemove(credential) {
        return credential.data.is_secret && credential.data.is_set && credential.resId && !this.props.readonly;
    }

    remove(credential) {
        this.dialog.add(ConfirmationDialog, {
            title: _t("Remove Secret?"),
            body: _t("The connection then works without this secret. To use it again, enter it again."),
            confirmLabel: _t("Remove"),
            confirm: async () => {
                if (await this.props.record.save()) {
                    await this.orm.call("ml.credential", "action_remove_secret", [[credential.resId]]);
                    await this.props.record.load();
                }
            },
            cancel: () => {},
        });
    }

    inputId(credential) {
        return `ml_credential_${credential.id}`;
    }

    setText(credential) {
        const { set_at: setAt, set_by_id: setBy } = credential.data;
        if (!setAt) {
            return "";
        }
        const at = toLocaleDateTimeString(setAt);
        return setBy
            ? _t("Set on %(at)s by %(user)s", { at, user: setBy.display_name })
            : _t("Set on %(at)s", { at });
    }
}

registry.category("fields").add("ml_credentials", {
    component: CredentialsField,
    displayName: _t("Credentials"),
    supportedTypes: ["one2many"],
    useSubView: true,
});
