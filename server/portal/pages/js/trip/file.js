// @ts-check
/** All that is known of one trip: as many pages of its history and its messages as are shown, newest first. */

/** @typedef {NonNullable<Api.Trip["trip"]>} Trip */
/** @typedef {Trip["history"]["nodes"][number]} StatusRecord */
/** @typedef {Api.Message} Message */
/** @typedef {import("../api.js").Fault} Fault */

/**
 * What was read of one list: its items, and where the rest of it begins; null where that was all.
 * @template T
 * @typedef {{ nodes: T[], end: string | null }} Pile
 */

const PAGE = 25;
const LARGEST = 100;

export class TripFile {
  /**
   * @param {import("../portal.js").Portal} portal
   * @param {string} id
   */
  constructor(portal, id) {
    this.id = id;
    this.#portal = portal;
  }

  #portal;
  /** Null before it was read, and where the agency has no such trip. @type {Trip | null} */
  trip = null;
  /** @type {Pile<StatusRecord>} */
  records = { nodes: [], end: null };
  /** @type {Pile<Message>} */
  messages = { nodes: [], end: null };
  /** Readings follow one another, so an older answer never overwrites a newer one. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /** Whether there is more. */
  get hasMore() {
    return this.records.end !== null || this.messages.end !== null;
  }

  /**
   * Read all that is shown anew.
   * @returns {Promise<Fault | null>}
   */
  read() {
    return this.#next(() => this.#fill({ nodes: [], end: "" }, { nodes: [], end: "" }, this.records.nodes.length, this.messages.nodes.length));
  }

  /**
   * Read on into the past.
   * @returns {Promise<Fault | null>}
   */
  more() {
    return this.#next(() => this.#fill(this.records, this.messages, this.records.nodes.length + PAGE, this.messages.nodes.length + PAGE));
  }

  /**
   * @param {() => Promise<Fault | null>} reading
   * @returns {Promise<Fault | null>}
   */
  #next(reading) {
    const turn = this.#turn.then(reading);
    this.#turn = turn.catch(() => null);
    return turn;
  }

  /**
   * Read on from two piles until they hold what is wanted, or all.
   * @param {Pile<StatusRecord>} records
   * @param {Pile<Message>} messages
   * @param {number} wantedRecords
   * @param {number} wantedMessages
   * @returns {Promise<Fault | null>}
   */
  async #fill(records, messages, wantedRecords, wantedMessages) {
    const { store } = this.#portal;
    for (let first = true; ; first = false) {
      const some = [lacking(records, Math.max(PAGE, wantedRecords)), lacking(messages, Math.max(PAGE, wantedMessages))];
      if (!first && !some[0] && !some[1]) break;
      const heard = store.heard;
      const { data, fault } = await this.#portal.ask("Trip", {
        id: this.id,
        records: some[0] ?? 0,
        afterRecord: records.end || null,
        messages: some[1] ?? 0,
        afterMessage: messages.end || null,
      });
      if (fault) return fault;
      this.trip = data.trip;
      if (!data.trip) return null;
      store.take(data.trip, heard);
      if (some[0]) records = joined(records, data.trip.history);
      if (some[1]) messages = joined(messages, data.trip.messages);
    }
    [this.records, this.messages] = [records, messages];
    return null;
  }
}

/**
 * How many are to be asked for; 0 where there is enough, or no more.
 * @param {Pile<unknown>} pile
 * @param {number} wanted
 */
const lacking = ({ nodes, end }, wanted) => (end === null ? 0 : Math.max(0, Math.min(LARGEST, wanted - nodes.length)));

/**
 * @template {{ id: string }} T
 * @param {Pile<T>} pile
 * @param {{ nodes: T[], pageInfo: { hasNextPage: boolean, endCursor: string | null } }} page
 * @returns {Pile<T>}
 */
function joined(pile, { nodes, pageInfo }) {
  const known = new Set(pile.nodes.map((each) => each.id));
  return { nodes: [...pile.nodes, ...nodes.filter((each) => !known.has(each.id))], end: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}
