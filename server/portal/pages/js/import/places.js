// @ts-check
/** The airports of a file, looked up before anything is sent: what does not exist, and what has departed there. */

import { dayBegins } from "../time.js";

/** @typedef {import("./rows.js").Row} Row */

/** Questions at the same time. */
const AT_ONCE = 4;

/** Zones by code; null where no airport has it. What the server could not say is not in it. @type {Map<string, string | null>} */
const zones = new Map();

/**
 * Mark the ready rows whose airports do not exist or whose departure is over.
 * @param {import("../portal.js").Portal} portal
 * @param {Row[]} rows
 */
export async function look(portal, rows) {
  const ready = rows.filter((each) => each.state === "ready");
  const codes = [...new Set(ready.flatMap(({ trip }) => [trip.origin, trip.destination]))].filter((each) => !zones.has(each));
  const asking = async () => {
    for (let code = codes.pop(); code; code = codes.pop()) {
      const { data } = await portal.ask("Airports", { search: code, first: 1 });
      const [first] = data?.airports ?? [];
      if (data) zones.set(code, first && [first.code, first.icao].includes(code) ? first.timezone : null);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, asking));
  for (const row of ready) judge(row, portal.now());
}

/**
 * @param {Row} row
 * @param {number} now
 */
function judge(row, now) {
  const { trip, refusals } = row;
  const zone = zones.get(trip.origin);
  if (zone === null) refusals.push({ code: "UNKNOWN_AIRPORT", path: ["origin"] });
  if (zones.get(trip.destination) === null) refusals.push({ code: "UNKNOWN_AIRPORT", path: ["destination"] });
  if (zone && departsAt(trip.departure, zone) <= now) refusals.push({ code: "TOO_LATE", path: ["departure"] });
  if (refusals.length) row.state = "wrong";
}

/**
 * When a departure is, to within the change of clocks of its day; the server knows it to the minute.
 * @param {string} departure
 * @param {string} zone
 */
function departsAt(departure, zone) {
  if (/(Z|[+-]\d\d:?\d\d)$/.test(departure.slice(16))) return Date.parse(departure);
  const at = Date.parse(`${departure.slice(0, 16)}Z`);
  // A date that does not exist is the server's to refuse.
  if (Number.isNaN(at)) return Infinity;
  return Date.parse(dayBegins(departure.slice(0, 10), zone)) + (at % 86_400_000);
}
