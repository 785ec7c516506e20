// @ts-check
/** What the board shows: kept in the address, asked of the API, and held against each event. */

import { dateOf, millis } from "../time.js";
import { departsAt } from "./facts.js";

/** @typedef {Api.BoardTrip} Trip */
/** What is asked of the API, and the day of departure where that is, of which it asks for more than it means. @typedef {{ asked: Api.TripFilter, day: string | null }} Filter */

/** What is to come, under way, or left to a person to take over; what is over comes by choice. @type {Api.TripStatus[]} */
export const USUAL = ["UPCOMING", "DEPARTING", "IN_FLIGHT", "CANCELLED", "DIVERTED", "LOST"];

/** @type {Api.TripStatus[]} */
export const STATUSES = ["UPCOMING", "DEPARTING", "IN_FLIGHT", "LANDED", "CANCELLED", "DIVERTED", "LOST"];

const TEXTS = /** @type {const} */ (["search", "flight", "origin", "destination"]);
const DAY = 86_400_000;
/** How far the clocks of any airport are from UTC. */
const WIDEST = 14 * 3_600_000;

/**
 * What an address asks for, as the API's filter. What departed over a day ago is left to a chosen day or a search.
 * @param {URLSearchParams} query
 * @param {number} now
 * @returns {Filter}
 */
export function filterOf(query, now) {
  /** @type {Api.TripFilter} */
  const filter = { status: statusesOf(query) };
  for (const name of TEXTS) {
    const text = query.get(name)?.trim();
    if (text) filter[name] = text;
  }
  const day = query.get("day");
  const begins = day && /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00Z`) : NaN;
  if (!Number.isNaN(begins)) {
    filter.departureFrom = new Date(begins - WIDEST).toISOString();
    filter.departureUntil = new Date(begins + DAY + WIDEST).toISOString();
  } else if (!filter.search) filter.departureFrom = new Date(now - DAY).toISOString();
  if (query.has("archived")) {
    filter.includeArchived = true;
    filter.status = [...(filter.status ?? []), "ARCHIVED"];
  }
  return { asked: filter, day: Number.isNaN(begins) ? null : day };
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
 * @param {Filter} filter
 */
export const needsServer = ({ asked }) => TEXTS.some((name) => asked[name]);

/**
 * Whether a trip departs on the day of a filter, by the clocks at its airport, as its row has it.
 * @param {Trip} trip
 * @param {Filter} filter
 */
export const isOnDay = (trip, { day }) => day === null || dateOf(departsAt(trip), trip.flight.departure.airport.timezone) === day;

/**
 * Whether a trip is within what a filter says of states and times.
 * @param {Trip} trip
 * @param {Filter} filter
 */
export function fits(trip, filter) {
  const { status, departureFrom, departureUntil } = filter.asked;
  if (status && !status.includes(trip.status)) return false;
  const at = departsAt(trip);
  if (departureFrom && at < millis(departureFrom)) return false;
  return !(departureUntil && at >= millis(departureUntil)) && isOnDay(trip, filter);
}
