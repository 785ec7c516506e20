// @ts-check
/** Which trips the board holds: pages of the API by cursor, and what events bring or take away in between. */

import { byDeparture, departsAt } from "./facts.js";
import { fits, needsServer } from "./filters.js";

/** @typedef {Api.BoardTrip} Trip */
/** @typedef {import("../api.js").Fault} Fault */

const PAGE = 100;

export class TripList {
  /**
   * @param {import("../portal.js").Portal} portal
   * @param {() => Api.TripFilter} filter  anew for every reading, since it may begin a day before now
   */
  constructor(portal, filter) {
    this.#portal = portal;
    this.#filter = filter;
  }

  #portal;
  #filter;
  /** @type {Set<string>} */
  ids = new Set();
  total = 0;
  /** @type {string | null} */
  #end = null;
  /** Where the last page ends, in milliseconds: what departs later comes with the pages that follow. */
  #last = Infinity;
  #reading = false;

  /** Whether there is more. */
  get hasMore() {
    return this.#end !== null;
  }

  /** @returns {Trip[]}  by departure */
  trips() {
    const found = [];
    for (const id of this.ids) {
      const trip = this.#portal.store.get(id);
      if (trip) found.push(trip);
    }
    return found.sort(byDeparture);
  }

  /**
   * The next page.
   * @returns {Promise<Fault | null>}
   */
  async more() {
    if (this.#reading) return null;
    this.#reading = true;
    const fault = await this.#page(this.#end, this.ids);
    this.#reading = false;
    return fault;
  }

  /**
   * All that is shown, read again: what passes by itself, such as a state that depends on the time, comes with no event.
   * @returns {Promise<Fault | null>}
   */
  async refresh() {
    if (this.#reading) return null;
    this.#reading = true;
    const { store } = this.#portal;
    const [asked, wanted] = [store.heard, Math.max(PAGE, this.ids.size)];
    /** @type {Set<string>} */
    const ids = new Set();
    let fault = await this.#page(null, ids);
    while (!fault && this.#end && ids.size < wanted) fault = await this.#page(this.#end, ids);
    this.#reading = false;
    if (fault) return fault;
    // What events brought meanwhile is newer than the pages.
    for (const id of this.ids) {
      const trip = store.get(id);
      if (trip && store.worth(id) > asked && departsAt(trip) <= this.#last) ids.add(id);
    }
    this.ids = ids;
    return null;
  }

  /**
   * @param {string | null} after
   * @param {Set<string>} ids  that it adds to
   * @returns {Promise<Fault | null>}
   */
  async #page(after, ids) {
    const { store } = this.#portal;
    const [asked, filter] = [store.heard, this.#filter()];
    const { data, fault } = await this.#portal.ask("Board", { first: PAGE, after, filter });
    if (fault) return fault;
    const { nodes, pageInfo, totalCount } = data.trips;
    for (const trip of nodes) {
      store.take(trip, asked);
      const known = store.get(trip.id);
      // What an event said meanwhile is newer than the page.
      if (store.worth(trip.id) <= asked || (known && fits(known, filter))) ids.add(trip.id);
    }
    this.total = totalCount;
    this.#end = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    const last = nodes.at(-1);
    this.#last = this.#end && last ? departsAt(last) : Infinity;
    for (const id of ids) {
      const trip = store.get(id);
      if (trip && departsAt(trip) > this.#last) ids.delete(id);
    }
    return null;
  }

  /**
   * What an event brings or takes away.
   * @param {Trip} trip
   * @returns {boolean}  whether only the server can say
   */
  consider(trip) {
    const filter = this.#filter();
    const had = this.ids.has(trip.id);
    const fitting = fits(trip, filter) && departsAt(trip) <= this.#last;
    if (had && !fitting) {
      this.ids.delete(trip.id);
      this.total--;
    } else if (!had && fitting) {
      if (needsServer(filter)) return true;
      this.ids.add(trip.id);
      this.total++;
    }
    return false;
  }
}
