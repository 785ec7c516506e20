// @ts-check
/** Which trips the board holds: pages of the API by cursor, and what events bring or take away in between. */

import { byDeparture, departsAt } from "./facts.js";
import { fits, isOnDay, needsServer } from "./filters.js";

/** @typedef {Api.BoardTrip} Trip */
/** @typedef {import("../api.js").Fault} Fault */

/** @typedef {{ end: string | null, total: number, last: number }} Page */

const PAGE = 100;

export class TripList {
  /**
   * @param {import("../portal.js").Portal} portal
   * @param {() => import("./filters.js").Filter} filter  anew for every reading, since it may begin a day before now
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
  /** @type {Promise<Fault | null>} */
  #turn = Promise.resolve(null);
  /** @type {Promise<Fault | null> | null} */
  #more = null;
  /** @type {Promise<Fault | null> | null} */
  #fresh = null;

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
   * The next page, after whatever is being read now.
   * @returns {Promise<Fault | null>}
   */
  more() {
    this.#more ??= this.#inTurn(() => this.#next()).finally(() => (this.#more = null));
    return this.#more;
  }

  /**
   * All that is shown, read again: what passes by itself, such as a state that depends on the time, comes with no event.
   * @param {number} [pause]  between two pages, in milliseconds, where nobody waits for it
   * @returns {Promise<Fault | null>}
   */
  refresh(pause = 0) {
    this.#fresh ??= this.#inTurn(() => this.#again(pause)).finally(() => (this.#fresh = null));
    return this.#fresh;
  }

  /**
   * @param {() => Promise<Fault | null>} reading
   * @returns {Promise<Fault | null>}
   */
  #inTurn(reading) {
    this.#turn = this.#turn.then(reading);
    return this.#turn;
  }

  async #next() {
    const had = this.ids.size;
    // A page may hold nothing of the day that is looked for: then it is none to whoever looks.
    for (;;) {
      const { fault, page } = await this.#page(this.#end, this.ids);
      if (!page) return fault;
      this.#stand(page);
      if (!page.end || !this.#filter().day || this.ids.size >= had + PAGE) return null;
    }
  }

  /** @param {number} pause */
  async #again(pause) {
    const { store } = this.#portal;
    const [asked, wanted] = [store.heard, Math.max(PAGE, this.ids.size)];
    /** @type {Set<string>} */
    const ids = new Set();
    let { fault, page } = await this.#page(null, ids);
    while (page?.end && ids.size < wanted) {
      await new Promise((done) => setTimeout(done, pause));
      ({ fault, page } = await this.#page(page.end, ids));
    }
    if (!page) return fault;
    // What events brought and took away meanwhile is newer than the pages.
    const filter = this.#filter();
    for (const id of [...this.ids, ...ids]) {
      const trip = store.get(id);
      if (!trip || store.worth(id) <= asked) continue;
      if (!fits(trip, filter)) ids.delete(id);
      else if (this.ids.has(id)) ids.add(id);
    }
    this.ids = ids;
    this.#stand(page);
    return null;
  }

  /**
   * @param {string | null} after
   * @param {Set<string>} ids  that it adds to
   * @returns {Promise<{ fault: Fault, page: null } | { fault: null, page: Page }>}
   */
  async #page(after, ids) {
    const { store } = this.#portal;
    const [asked, filter] = [store.heard, this.#filter()];
    const { data, fault } = await this.#portal.ask("Board", { first: PAGE, after, filter: filter.asked });
    if (fault) return { fault, page: null };
    const { nodes, pageInfo, totalCount } = data.trips;
    for (const trip of nodes) {
      store.take(trip, asked);
      const known = store.get(trip.id);
      // What an event said meanwhile is newer than the page.
      if (known && (store.worth(trip.id) <= asked ? isOnDay(known, filter) : fits(known, filter))) ids.add(trip.id);
    }
    const [end, last] = [pageInfo.hasNextPage ? pageInfo.endCursor : null, nodes.at(-1)];
    return { fault: null, page: { end, total: totalCount, last: end && last ? departsAt(last) : Infinity } };
  }

  /**
   * The list ends with this page now.
   * @param {Page} page
   */
  #stand({ end, total, last }) {
    [this.#end, this.total, this.#last] = [end, total, last];
    for (const id of this.ids) {
      const trip = this.#portal.store.get(id);
      if (trip && departsAt(trip) > last) this.ids.delete(id);
    }
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
