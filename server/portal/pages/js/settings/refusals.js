// @ts-check
/** What the server refused, in the reader's language where the portal knows why, else in the server's own words. */

/** @typedef {{ code: Api.UserErrorCode, message: string, path: string[] }} Refusal */

/**
 * @param {import("../portal.js").Portal} portal
 * @param {Refusal} refusal
 * @returns {string}
 */
export function inWords({ words }, { code, message, path }) {
  /** @type {Record<string, string>} */
  const known = words.settings.refused;
  const said = known[path.at(-1) ?? ""];
  return code === "INVALID" && said ? said : `${words.refusal[code]}: ${message}`;
}

/**
 * Put each refusal at its field, and what belongs to none into words for the form; the first field gets the focus.
 * @param {import("../portal.js").Portal} portal
 * @param {Refusal[]} refusals
 * @param {Record<string, Input>} inputs  by the last name of the path
 * @returns {string}  what belongs to no field
 */
export function place(portal, refusals, inputs) {
  const homeless = [];
  for (const input of Object.values(inputs)) input.wrong("");
  for (const refusal of refusals) {
    const input = inputs[refusal.path.at(-1) ?? ""];
    if (input) input.wrong(inWords(portal, refusal));
    else homeless.push(inWords(portal, refusal));
  }
  Object.values(inputs).find((input) => input.isWrong)?.control.focus();
  return homeless.join(" ");
}

/** @typedef {import("./input.js").Input} Input */
