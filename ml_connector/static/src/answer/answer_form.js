import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

const QUESTIONS = {
    action_arrived: {
        title: _t("It Arrived"),
        body: (named) =>
            _t(
                "Did you find %(record)s in %(provider)s? It counts as done and is not sent again, whether it is there or not.",
                named
            ),
    },
    action_not_arrived: {
        title: _t("It Did Not Arrive"),
        body: (named) =>
            _t("Are you sure that %(record)s is not in %(provider)s? It is sent again and may then exist twice.", named),
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
        const { name, external_id, provider_name } = this.model.root.data;
        return new Promise((resolve) => {
            this.dialogService.add(
                AnswerDialog,
                {
                    title,
                    body: body({ record: name || external_id || "?", provider: provider_name }),
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
