// @ts-check
/**
 * The new trip that is being typed, while the page lives: another view, another language or another key for the same agency
 * takes nothing away.
 *
 * Its idempotency key lasts until the trip is made, so that a double click, or a retry after an answer that got lost, makes one.
 */

/** @typedef {{ agency: string, key: string, values: Record<string, string> }} Draft */

/** @type {Draft | null} */
let draft = null;

/**
 * @param {string} agency
 * @param {Record<string, string>} [values]  to begin with
 * @returns {Draft}
 */
export function begin(agency, values = {}) {
  return (draft = { agency, key: `portal-${random()}`, values });
}

/** @param {string} agency */
export const kept = (agency) => (draft?.agency === agency ? draft : begin(agency));

/** `crypto.randomUUID` is not there where the portal is served without TLS. */
function random() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
}
