const SECONDS = 30;

/**
 * Reads a field every second until the server has changed it.
 *
 * @param {Object} orm the orm service
 * @param {Object} params
 * @param {string} params.model
 * @param {number} params.id
 * @param {string} params.field
 * @param {string} params.busy value of the field until the scheduled action has run
 * @param {() => boolean} [isCancelled]
 * @returns {Promise<string|false>} the new value; false if the action did not run in time
 */
export async function poll(orm, { model, id, field, busy }, isCancelled = () => false) {
    for (let second = 0; second < SECONDS && !isCancelled(); second++) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        if (isCancelled()) {
            break;
        }
        const [record] = await orm.silent.read(model, [id], [field]);
        if (!record || record[field] !== busy) {
            return record ? record[field] : "";
        }
    }
    return false;
}
