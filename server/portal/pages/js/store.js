// @ts-check
/**
 * Trips by id, fed by answers and by events, so that two browsers side by side never disagree.
 *
 * An event is worth its number in the stream. An answer is worth the number that was heard when it was asked for: what had
 * happened by then is in it. What is worth less never overwrites what is worth more; where an answer is left aside that was
 * newer after all, the event that made it newer is on its way.
 */

/** @typedef {Api.BoardTrip} Trip */

/** Trips that are told of before one picture. */
const AT_ONCE = 30;

export class Store {
  /** @type {Map<string, { trip: Trip, worth: number }>} */
  #trips = new Map();
  /** @type {Set<(ids: ReadonlySet<string>) => void>} */
  #watchers = new Set();
  /** @type {Set<string>} */
  #changed = new Set();
  #scheduled = false;

  /** The highest number heard in the stream. */
  heard = 0;

  /** @param {string} id */
  get(id) {
    return this.#trips.get(id)?.trip;
  }

  /**
   * @param {string} id
   * @returns {number}  -1 for what is not known
   */
  worth(id) {
    return this.#trips.get(id)?.worth ?? -1;
  }

  /**
   * @param {Trip} trip
   * @param {number} worth
   */
  take(trip, worth) {
    const known = this.#trips.get(trip.id);
    if (known && worth < known.worth) return;
    // What is read again is mostly as it was; whoever draws it need not hear of it.
    const isSame = known !== undefined && JSON.stringify(known.trip) === JSON.stringify(trip);
    this.#trips.set(trip.id, { trip: isSame ? known.trip : trip, worth });
    if (isSame) return;
    this.#changed.add(trip.id);
    this.#schedule();
  }

  /** Another stream begins, whose numbers cannot be compared with the ones before. */
  restart() {
    this.heard = 0;
    for (const known of this.#trips.values()) known.worth = -1;
  }

  /** Nothing is known any more: another agency looks. */
  clear() {
    this.heard = 0;
    this.#trips.clear();
    this.#changed.clear();
  }

  /**
   * Hear which trips changed, together, once before the next picture.
   * @param {(ids: ReadonlySet<string>) => void} watcher
   * @returns {() => void}  ends it
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A page that nobody sees paints nothing, and must not pile up what changed either.
    if (document.hidden) setTimeout(() => this.#tell(), 1000);
    else requestAnimationFrame(() => this.#tell());
  }

  /** Whoever was away for long hears of much at once: the rest waits for the next picture. */
  #tell() {
    const changed = new Set([...this.#changed].slice(0, AT_ONCE));
    for (const id of changed) this.#changed.delete(id);
    this.#scheduled = false;
    if (this.#changed.size) this.#schedule();
    if (changed.size) for (const watcher of this.#watchers) watcher(changed);
  }
}
