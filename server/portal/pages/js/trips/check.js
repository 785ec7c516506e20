// @ts-check
/**
 * What can be said of a trip before the server sees it, in the server's own codes and paths.
 *
 * It refuses nothing that the server takes. What only the server knows (whether a phone or an airport exists, what the
 * clocks do) it leaves to the server.
 */

/** @typedef {Api.CreateTripInput} Trip */
/** @typedef {{ code: Api.UserErrorCode, path: string[], message?: string }} Refusal */

/** As `travel/airlines.py` has it, once spaces and hyphens are gone. */
const FLIGHT = /^([A-Z]{3}|[A-Z][A-Z0-9]|[0-9][A-Z])(?!0+[A-Z]?$)[0-9]{1,4}[A-Z]?$/;
const PHONE = /^\+[\d\sA-Za-z().\-/]{6,39}$/;
const CODE = /^[A-Z0-9]{3,4}$/i;
export const LOCAL = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?$/;
const LONGEST = /** @type {const} */ ({ reference: 100, lodging: 300, notes: 2000 });

/**
 * Whether a time begins with a day that exists: browsers read 2027-02-31 as 3 March.
 * @param {string} text  2027-02-28T14:05
 */
export function isDay(text) {
  const at = Date.parse(`${text.slice(0, 10)}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text.slice(0, 10));
}

/**
 * @param {Trip} trip
 * @returns {Refusal[]}
 */
export function check(trip) {
  /** @type {Refusal[]} */
  const found = [];
  const refuse = (/** @type {Api.UserErrorCode} */ code, /** @type {string[]} */ ...path) => void found.push({ code, path });
  const name = trip.traveller.name.trim().normalize("NFC");
  if (!name || [...name].length > 120 || /[\p{C}\p{S}]/u.test(name)) refuse("INVALID", "traveller", "name");
  if (!PHONE.test(trip.traveller.phone.trim())) refuse("INVALID", "traveller", "phone");
  if (!FLIGHT.test(trip.flight.replace(/[\s-]/g, "").toUpperCase())) refuse("UNKNOWN_FLIGHT", "flight");
  const [from, to] = [trip.origin.trim(), trip.destination.trim()];
  if (!CODE.test(from)) refuse("UNKNOWN_AIRPORT", "origin");
  if (!CODE.test(to)) refuse("UNKNOWN_AIRPORT", "destination");
  else if (from.toUpperCase() === to.toUpperCase()) refuse("INVALID", "destination");
  if (!LOCAL.test(trip.departure.trim()) || !isDay(trip.departure.trim())) refuse("INVALID", "departure");
  for (const [field, longest] of Object.entries(LONGEST)) {
    const text = trip[/** @type {keyof typeof LONGEST} */ (field)] ?? "";
    if ([...text].length > longest) refuse("INVALID", field);
  }
  return found;
}

/**
 * A refusal in the reader's language. The server says it in English, so its words come last.
 * @param {import("../language.js").Words} words
 * @param {Refusal} refusal
 */
export function reason(words, { code, path, message }) {
  if (code === "INVALID") {
    /** @type {Record<string, string>} */
    const known = words.create.wrong;
    return known[path.join(".")] ?? message ?? words.refusal[code];
  }
  if (code === "TAKEN") return words.create.taken;
  if (code === "TOO_LATE") return words.create.past;
  if (code === "FORBIDDEN") return words.create.needsAgent;
  return words.refusal[code];
}
