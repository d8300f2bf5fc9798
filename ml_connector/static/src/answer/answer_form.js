import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

const QUESTIONS = {
    action_arrived: {
        title: _t("It Arrived"),
        body: _t(
            "Did you find %s at the vendor? It counts as done then and is not sent any more, whether it is there or not."
        ),
    },
    action_not_arrived: {
        title: _t("It Did Not Arrive"),
        body: _t("Are you sure that %s is not at the vendor? It is sent again, so it might exist twice."),
    },
};

/** What is dangerous comes second, so that pressing Enter gives no answer. */
class AnswerDialog extends ConfirmationDialog {
    static template = "ml_connector.AnswerDialog";
}

/** Asks with the record's name before an answer that cannot be taken back. */
export class AnswerFormController extends FormController {
    async beforeExecuteActionButton(clickParams) {
        const question = QUESTIONS[clickParams.name];
        if (question && !(await this.isSure(question))) {
            return false;
        }
        return super.beforeExecuteActionButton(clickParams);
    }

    isSure({ title, body }) {
        return new Promise((resolve) => {
            this.dialogService.add(
                AnswerDialog,
                {
                    title,
                    body: body.replace("%s", this.model.root.data.name || this.model.root.data.external_id || "?"),
                    confirmLabel: title,
                    confirm: () => resolve(true),
                    cancel: () => resolve(false),
                },
                { onClose: () => resolve(false) }
            );
        });
    }
}

registry.category("views").add("ml_answer_form", { ...formView, Controller: AnswerFormController });
