// @ts-check
/** Orders to the API, and its refusals in the reader's language. */

import { said } from "../notice.js";

/** @typedef {import("../portal.js").Portal} Portal */

/** Why something was refused, in words, and what it concerns: the way from the input to the argument. @typedef {{ text: string, path: string }} Refused */
/** @typedef {"CheckTrip" | "RecordFlightStatus" | "ResendNotification" | "CancelNotification" | "ArchiveTrip" | "UpdateTrip"} Order */

/** Whether whoever looks may order anything. @param {Portal} portal */
export const mayOrder = (portal) => portal.who !== null && portal.who.viewer.role !== "VIEWER";

/**
 * @template {Order} K
 * @param {Portal} portal
 * @param {K} name
 * @param {Api.Operations[K]["variables"]["input"]} input
 * @returns {Promise<Refused[]>}  nothing where it was done
 */
export async function order(portal, name, input) {
  const { data, fault } = await portal.ask(name, /** @type {any} */ ({ input }));
  if (fault) return [{ text: said(portal, fault), path: "" }];
  /** @type {{ userErrors: { code: Api.UserErrorCode, message: string, path: string[] }[] }[]} */
  const payloads = Object.values(/** @type {any} */ (data));
  return payloads.flatMap(({ userErrors }) => userErrors.map((each) => ({ text: inWords(portal, each), path: each.path.join(".") })));
}

/**
 * The API speaks English; what it is known to say is said in the reader's language, and the rest as it came.
 * @param {Portal} portal
 * @param {{ code: Api.UserErrorCode, message: string }} refusal
 */
function inWords({ words }, { code, message }) {
  /** @type {Record<string, string>} */
  const known = words.trip.refusals;
  return known[message] ?? `${words.refusal[code]}: ${message}`;
}
