// @ts-check
/** What is typed and not saved: the browser asks before the page goes, and the menu says where it is. */

/** @type {Set<string>} */
const held = new Set();
/** Told when it changes: the menu, which is made anew with every view. */
let told = () => {};

/**
 * @param {string} agency
 * @param {string} view
 * @param {string} what  of that view
 * @param {boolean} is  whether there is something that would be lost
 */
export function hold(agency, view, what, is) {
  const name = `${agency} ${view} ${what}`;
  if (held.has(name) === is) return;
  if (is) held.add(name);
  else held.delete(name);
  if (held.size) addEventListener("beforeunload", warn);
  else removeEventListener("beforeunload", warn);
  told();
}

/**
 * @param {string} agency
 * @param {string} view
 */
export const holds = (agency, view) => [...held].some((each) => each.startsWith(`${agency} ${view} `));

/** @param {() => void} teller */
export function tell(teller) {
  told = teller;
  teller();
}

/** @param {BeforeUnloadEvent} event */
function warn(event) {
  event.preventDefault();
}
