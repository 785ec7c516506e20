// @ts-check
/** What a line of the board says of a trip. Plain functions: a trip in, facts out. */

import { millis } from "../time.js";

/** @typedef {Api.BoardTrip} Trip */

/** Minutes from which a departure counts as late: less is no news to anybody. */
const LATE = 15;

/** Trips are never changed, only replaced, and a thousand of them are compared at once. @type {WeakMap<Trip, number>} */
const DEPARTURES = new WeakMap();

/**
 * The departure as best known, as the API orders trips: the booked one, moved by the delay.
 * @param {Trip} trip
 * @returns {number}  milliseconds since 1970
 */
export function departsAt(trip) {
  const known = DEPARTURES.get(trip);
  if (known !== undefined) return known;
  const { departure, departureDelayMinutes } = trip.flight;
  const at = millis(departure.scheduledAt ?? 0) + (departureDelayMinutes ?? 0) * 60_000;
  DEPARTURES.set(trip, at);
  return at;
}

/**
 * @param {Trip} trip
 * @returns {string | null}
 */
export const arrivesAt = ({ flight: { arrival } }) => arrival.actualAt ?? arrival.estimatedAt ?? arrival.runwayAt ?? arrival.scheduledAt;

/** @param {Trip} trip */
export const flightOf = ({ flight }) => flight.identIata ?? flight.ident;

/** @param {Trip} trip */
export const gateOf = ({ flight: { departure } }) => departure.gate ?? "";

/**
 * How urgent a line looks; it is never told by colour alone.
 * @param {Trip} trip
 * @returns {"calm" | "late" | "wrong" | "gone" | "done"}
 */
export function mood({ status, flight }) {
  if (status === "CANCELLED" || status === "DIVERTED" || status === "LOST") return "wrong";
  if (status === "LANDED" || status === "ARCHIVED") return "done";
  if (Math.abs(flight.departureDelayMinutes ?? 0) >= LATE) return "late";
  return status === "IN_FLIGHT" ? "gone" : "calm";
}

/**
 * Whether what the traveller last heard is no longer what is known.
 *
 * | told             | now                               | differs |
 * |------------------|-----------------------------------|---------|
 * | nothing          | anything                          | no      |
 * | cancelled        | not cancelled, or the other way   | yes     |
 * | a gate           | another gate; unknown is no other | yes     |
 * | a departure      | the agency's threshold away       | yes     |
 * | anything         | it left, landed or was archived   | no      |
 * @param {Trip} trip
 * @param {number} threshold  the agency's, in minutes
 */
export function toldDiffers(trip, threshold) {
  const { told, flight, status } = trip;
  if (told.at === null || !["UPCOMING", "DEPARTING", "CANCELLED"].includes(status)) return false;
  if (flight.departure.actualAt) return false;
  if (told.cancelled !== (status === "CANCELLED")) return true;
  if (told.cancelled) return false;
  if (told.gate && flight.departure.gate && told.gate !== flight.departure.gate) return true;
  return told.departureAt !== null && Math.abs(millis(told.departureAt) - departsAt(trip)) >= threshold * 60_000;
}

/** @typedef {Trip["notifications"]["nodes"][number]} Message */

/**
 * The message that went last.
 * @param {Trip} trip
 * @returns {Message | null}
 */
export function lastMessage(trip) {
  const went = (/** @type {Message} */ each) => each.acceptedAt ?? each.updatedAt;
  return trip.notifications.nodes.reduce(
    (/** @type {Message | null} */ last, each) => (last && went(last) >= went(each) ? last : each),
    null,
  );
}

/** As travellers know them from WhatsApp: one tick, two, two filled; a cross where it failed. */
export const TICKS = /** @type {const} */ ({
  SENDING: "…", UNKNOWN: "?", SENT: "✓", DELIVERED: "✓✓", READ: "✓✓", UNDELIVERED: "✕", FAILED: "✕",
  PENDING: "…", SUPPRESSED: "–", SUPERSEDED: "–", EXPIRED: "–", WITHDRAWN: "–",
});

/**
 * @param {Trip} one
 * @param {Trip} other
 */
export function byDeparture(one, other) {
  return departsAt(one) - departsAt(other) || (flightOf(one) + one.id < flightOf(other) + other.id ? -1 : 1);
}
