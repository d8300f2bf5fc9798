import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { sprintf } from "@web/core/utils/strings";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

const QUESTIONS = {
    action_arrived: {
        label: "found_label",
        body: _t("%(record)s then counts as done and is not sent again, even if %(provider)s does not have it."),
    },
    action_not_arrived: {
        label: "missing_label",
        body: _t("Send %(record)s again? If %(provider)s already has it, it will exist twice."),
    },
};

/** The confirming button is second, so that Enter does not confirm. */
class AnswerDialog extends ConfirmationDialog {
    static template = "ml_connector.AnswerDialog";
}

/** Names the record in the confirmation of an answer that cannot be undone. */
export class AnswerFormController extends FormController {
    async beforeExecuteActionButton(clickParams) {
        const question = QUESTIONS[clickParams.name];
        if (question && !(await this.isSure(question))) {
            return false;
        }
        return super.beforeExecuteActionButton(clickParams);
    }

    isSure({ label, body }) {
        const { data } = this.model.root;
        return new Promise((resolve) => {
            this.dialogService.add(
                AnswerDialog,
                {
                    title: data[label],
                    body: sprintf(body, { record: data.name || data.external_id || "?", provider: data.provider_name }),
                    confirmLabel: data[label],
                    confirm: () => resolve(true),
                    cancel: () => resolve(false),
                },
                { onClose: () => resolve(false) }
            );
        });
    }
}

registry.category("views").add("ml_answer_form", { ...formView, Controller: AnswerFormController });
