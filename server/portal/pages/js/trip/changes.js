// @ts-check
/** What changed about a flight, in words: before → after, each time local to the airport that it speaks of. */

import { make, unseen } from "../dom.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {Api.BoardTrip["flight"]} Flight */

/**
 * @param {Portal} portal
 * @param {Flight} flight
 * @param {Api.Change} change
 */
export function changeLine(portal, flight, change) {
  const { words } = portal;
  const [before, after] = [value(portal, flight, change, change.before), value(portal, flight, change, change.after)];
  if (change.kind === "CANCELLED" || change.kind === "REINSTATED")
    return make("li", { "data-change": change.kind }, make("span", { class: "change-whole" }, words.trip.whole[change.kind]));
  return make(
    "li",
    { "data-change": change.kind },
    make("span", { class: "change-of" }, words.change[change.kind]),
    before && make("s", null, unseen(words.trip.before), before),
    before && make("span", { "aria-hidden": "true", class: "arrow" }, "→"),
    make("b", null, before && unseen(words.trip.after), after || words.trip.unknownValue),
    place(flight, change),
  );
}

/**
 * The same in one line of text.
 * @param {Portal} portal
 * @param {Flight} flight
 * @param {Api.Change} change
 */
export function changeText(portal, flight, change) {
  const { words } = portal;
  if (change.kind === "CANCELLED" || change.kind === "REINSTATED") return words.trip.whole[change.kind];
  const after = value(portal, flight, change, change.after) || words.trip.unknownValue;
  return `${words.change[change.kind]} ${after}`;
}

/**
 * @param {Portal} portal
 * @param {Flight} flight
 * @param {Api.Change} change
 * @param {string | null} text  as the API writes it
 */
function value({ words, times }, flight, { kind, before, after }, text) {
  if (text === null) return "";
  if (kind === "PHASE") return words.phase[/** @type {Api.FlightPhase} */ (text)] ?? text;
  if (kind === "DIVERTED" && text === "UNKNOWN") return words.trip.elsewhere;
  if (kind !== "DEPARTURE_TIME" && kind !== "ARRIVAL_TIME") return text;
  const zone = end(flight, kind).airport.timezone;
  // The day is said where it is what changed.
  const sameDay = before === null || after === null || times.date(before, zone) === times.date(after, zone);
  return sameDay ? times.clock(text, zone) : times.whole(text, zone);
}

/**
 * @param {Flight} flight
 * @param {Api.StatusChangeKind} kind
 */
const end = (flight, kind) => (kind === "ARRIVAL_TIME" ? flight.arrival : flight.departure);

/**
 * The airport of a time.
 * @param {Flight} flight
 * @param {Api.Change} change
 */
function place(flight, { kind }) {
  if (kind !== "DEPARTURE_TIME" && kind !== "ARRIVAL_TIME") return null;
  return make("span", { class: "at" }, end(flight, kind).airport.code);
}
