// @ts-check
/** Where somebody was on the board, while the page lives: whoever comes back from a trip goes on there. */

/**
 * @typedef {object} Kept
 * @property {string} agency
 * @property {string} query  what stood behind the question mark
 * @property {import("./list.js").TripList | null} list  null while it was not read yet
 * @property {import("./table.js").Place} place
 */

/** @type {Kept | null} */
let kept = null;

/** @param {Kept} left */
export const keep = (left) => void (kept = left);

/** @param {import("../portal.js").Portal} portal */
export const last = (portal) => (kept && kept.agency === portal.who?.agency.id ? kept : null);
