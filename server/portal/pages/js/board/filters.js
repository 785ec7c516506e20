// @ts-check
/** What the board shows: kept in the address, asked of the API, and held against each event. */

import { dayBegins, millis } from "../time.js";
import { departsAt } from "./facts.js";

/** @typedef {Api.BoardTrip} Trip */

/** What is to come, under way, or left to a person to take over; what is over comes by choice. @type {Api.TripStatus[]} */
export const USUAL = ["UPCOMING", "DEPARTING", "IN_FLIGHT", "CANCELLED", "DIVERTED", "LOST"];

/** @type {Api.TripStatus[]} */
export const STATUSES = ["UPCOMING", "DEPARTING", "IN_FLIGHT", "LANDED", "CANCELLED", "DIVERTED", "LOST"];

const TEXTS = /** @type {const} */ (["search", "flight", "origin", "destination"]);
const DAY = 86_400_000;

/**
 * What an address asks for, as the API's filter. What departed over a day ago is left to a chosen day or a search.
 * @param {URLSearchParams} query
 * @param {number} now
 * @returns {Api.TripFilter}
 */
export function filterOf(query, now) {
  /** @type {Api.TripFilter} */
  const filter = { status: statusesOf(query) };
  for (const name of TEXTS) {
    const text = query.get(name)?.trim();
    if (text) filter[name] = text;
  }
  const day = query.get("day");
  if (day && /^\d{4}-\d\d-\d\d$/.test(day)) {
    filter.departureFrom = dayBegins(day);
    filter.departureUntil = new Date(Date.parse(filter.departureFrom) + DAY).toISOString();
  } else if (!filter.search) filter.departureFrom = new Date(now - DAY).toISOString();
  if (query.has("archived")) {
    filter.includeArchived = true;
    filter.status = [...(filter.status ?? []), "ARCHIVED"];
  }
  return filter;
}

/**
 * @param {URLSearchParams} query
 * @returns {Api.TripStatus[]}
 */
export function statusesOf(query) {
  const wished = query.get("status")?.split(",") ?? [];
  const found = STATUSES.filter((each) => wished.includes(each));
  return found.length ? found : USUAL;
}

/** @param {URLSearchParams} query */
export const isFiltered = (query) => [...query.keys()].length > 0;

/**
 * Whether only the server can say which trips a filter means.
 * @param {Api.TripFilter} filter
 */
export const needsServer = (filter) => TEXTS.some((name) => filter[name]);

/**
 * Whether a trip is within what a filter says of states and times.
 * @param {Trip} trip
 * @param {Api.TripFilter} filter
 */
export function fits(trip, filter) {
  if (filter.status && !filter.status.includes(trip.status)) return false;
  const at = departsAt(trip);
  if (filter.departureFrom && at < millis(filter.departureFrom)) return false;
  return !(filter.departureUntil && at >= millis(filter.departureUntil));
}
