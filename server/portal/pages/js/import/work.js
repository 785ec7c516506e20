// @ts-check
/**
 * An import under way. It goes on while other views are looked at, and by its keys it can be begun again at any row.
 *
 * Rows go some at a time. A lost answer, a full server or a closed page change nothing: what was made is known to the server
 * by its key, and the rest is still there.
 */

import { wait } from "./wait.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rows.js").Sheet} Sheet */
/** @typedef {import("../portal.js").Portal} Portal */

/** Rows of one request: few enough that progress is seen and no request runs long, enough that 500 rows take 25. */
const AT_ONCE = 20;
/** Seconds until it is tried again, where the server does not say. */
const RETRY = 3;
const LONGEST_RETRY = 15;

export class Work {
  /**
   * @param {Portal} portal
   * @param {string} name  of the file
   * @param {Sheet} sheet
   */
  constructor(portal, name, sheet) {
    this.name = name;
    this.sheet = sheet;
    this.agency = portal.who?.agency.id ?? "";
    this.#portal = portal;
    this.#began = portal.now();
  }

  #portal;
  #began;
  /** @type {AbortController | null} */
  #running = null;
  /** @type {Set<(rows: Row[]) => void>} */
  #watchers = new Set();

  isChecking = false;
  /** Somebody began it. */
  hasBegun = false;
  /** Why it waits. @type {{ kind: "busy", seconds: number } | { kind: "offline" } | null} */
  waits = null;
  /** Why nothing of it may be sent. @type {import("./rows.js").Refusal[]} */
  refusals = [];

  get isRunning() {
    return this.#running !== null;
  }

  /** @param {...import("./rows.js").State} states */
  count = (...states) => this.sheet.rows.filter((each) => states.includes(each.state)).length;

  /**
   * Hear which rows are different now.
   * @param {(rows: Row[]) => void} watcher
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** @param {Row[]} rows */
  tell(rows) {
    for (const watcher of this.#watchers) watcher(rows);
  }

  pause() {
    this.#running?.abort();
  }

  /** Whether whoever looks is of the agency whose travellers these are. */
  get #isMine() {
    return this.#portal.who?.agency.id === this.agency;
  }

  async run() {
    if (this.#running || !this.#isMine) return;
    const running = (this.#running = new AbortController());
    if (!this.hasBegun) this.#began = this.#portal.now();
    this.hasBegun = true;
    addEventListener("beforeunload", warn);
    // Once a key is asked for, the next one may be another agency's: nothing more is sent by itself.
    const unwatch = this.#portal.watch(() => this.#isMine || running.abort());
    this.tell([]);
    try {
      let next = this.#next(AT_ONCE);
      while (next.length && !running.signal.aborted) {
        // Rows that the server cannot answer together are asked one by one, so that one does not stop the others.
        if ((await this.#send(next, running.signal)) === "apart")
          for (const row of next) if (!running.signal.aborted && row.state === "ready") await this.#send([row], running.signal);
        next = this.#next(AT_ONCE);
      }
    } finally {
      unwatch();
      removeEventListener("beforeunload", warn);
      this.#running = null;
      this.tell([]);
    }
  }

  /** @param {number} many */
  #next = (many) => this.sheet.rows.filter((each) => each.state === "ready").slice(0, many);

  /**
   * @param {Row[]} rows
   * @param {AbortSignal} signal
   * @returns {Promise<"apart" | void>}
   */
  async #send(rows, signal) {
    for (const row of rows) row.state = "sending";
    this.tell(rows);
    for (let tries = 1; !signal.aborted; tries++) {
      const { data, fault } = await this.#portal.ask("ImportTrips", { input: { trips: rows.map((each) => each.trip) } });
      if (data) return this.#hear(rows, data.importTrips);
      if (fault.kind === "refused") this.pause();
      else if (fault.kind === "fault") {
        if (rows.length > 1) return this.#back(rows), "apart";
        const [row] = rows;
        if (row) [row.state, row.fault] = ["refused", fault.message];
        return this.tell(rows);
      } else {
        const seconds = fault.seconds ?? Math.min(RETRY * tries, LONGEST_RETRY);
        this.waits = fault.kind === "busy" ? { kind: "busy", seconds } : { kind: "offline" };
        this.tell([]);
        await wait(seconds, signal);
        this.waits = null;
        this.tell([]);
      }
    }
    this.#back(rows);
  }

  /** @param {Row[]} rows */
  #back(rows) {
    for (const row of rows) row.state = "ready";
    this.tell(rows);
  }

  /**
   * @param {Row[]} rows
   * @param {Api.ImportTrips["importTrips"]} answer
   */
  #hear(rows, { results, userErrors }) {
    if (userErrors.length) {
      this.refusals = userErrors;
      this.pause();
      return this.#back(rows);
    }
    rows.forEach((row, place) => {
      const result = results[place];
      row.refusals = result?.userErrors ?? [];
      row.id = result?.trip?.id;
      row.state = result?.trip ? this.#was(result.trip) : "refused";
    });
    this.tell(rows);
  }

  /**
   * What a row came to: the server gives the trip of the same row again, also where nobody is told by it any more.
   * @param {{ createdAt: string, archivedAt: string | null }} trip
   * @returns {import("./rows.js").State}
   */
  #was({ createdAt, archivedAt }) {
    if (archivedAt !== null) return "archived";
    return Date.parse(createdAt) < this.#began ? "before" : "made";
  }
}

/** @param {BeforeUnloadEvent} event */
function warn(event) {
  event.preventDefault();
}
