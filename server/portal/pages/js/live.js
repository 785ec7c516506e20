// @ts-check
/** The agency's stream: one subscription for the whole portal, that comes back with its cursor whatever happens to the line. */

import * as clock from "./clock.js";
import * as documents from "./documents.js";
import { Socket } from "./socket.js";

/** @typedef {Api.Events["events"]} Event */

/**
 * How the line is: since when nothing newer is known, in the browser's own time, or null while it is live.
 * @typedef {{ state: "opening" | "catching" | "live" | "lost", since: number | null }} Line
 */

/** Full jitter: some time between nothing and a longest wait that doubles. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/** After which the world's time is asked for again: soon to learn its pace, then to stay right. */
const CLOCK_AFTER = [500, 2_000, 5_000, 30_000];

/** Closed so, coming back with the same key does not help. */
const REFUSED = [4401, 4403];

export class Live {
  /** @type {Set<(event: Event) => void>} */
  #listeners = new Set();
  /** @type {Set<(line: Line) => void>} */
  #watchers = new Set();
  /** @type {Socket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #clock;
  #tries = 0;
  /** When the server last said something, in the browser's own time. */
  #heardAt = 0;
  /** Of those that opened, the last one counts. */
  #turn = 0;
  #key = "";
  /** @type {string | null} */
  #cursor = null;

  /** @type {Line} */
  line = { state: "opening", since: null };

  /**
   * @param {() => void} refused  the key counts no more
   * @param {() => Promise<string | null>} afresh  where the stream stands now, once it cannot be replayed; null: try later
   */
  constructor(refused, afresh) {
    this.#refused = refused;
    this.#afresh = afresh;
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  #refused;
  #afresh;

  /**
   * @param {(event: Event) => void} listener
   * @returns {() => void}  ends it
   */
  on(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Hear how the line is, now and whenever that changes.
   * @param {(line: Line) => void} watcher
   * @returns {() => void}  ends it
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher(this.line);
    return () => void this.#watchers.delete(watcher);
  }

  /**
   * @param {string} key
   * @param {string} cursor
   */
  start(key, cursor) {
    this.stop();
    [this.#key, this.#cursor, this.#tries, this.#heardAt] = [key, cursor, 0, Date.now()];
    this.#open();
  }

  /** Nothing comes back after it by itself: the key is forgotten. */
  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#clock);
    const socket = this.#socket;
    this.#socket = null;
    this.#turn++;
    socket?.close();
    this.#key = "";
    this.#be("opening", null);
  }

  /** Do not wait any longer. */
  retry() {
    if (this.#socket || !this.#key || this.line.state !== "lost") return;
    clearTimeout(this.#timer);
    this.#open();
  }

  async #open() {
    const turn = ++this.#turn;
    const [events, time] = await Promise.all([documents.read("Events"), documents.read("Clock")]).catch(() => ["", ""]);
    // Somebody did not want to wait any longer, or signed out.
    if (turn !== this.#turn) return;
    if (!events) return this.#lost(1006, null);
    /** @type {Socket} */
    const socket = new Socket(this.#key, () => this.#follow(socket, events, time), (code) => this.#lost(code, socket));
    this.#socket = socket;
  }

  /**
   * @param {Socket} socket
   * @param {string} events
   * @param {string} time
   */
  #follow(socket, events, time) {
    if (this.line.state === "lost") this.#be("catching", this.line.since);
    const broken = () => socket.close(1006);
    const next = (/** @type {Api.Events} */ data) => this.#hear(data.events, socket, events);
    socket.subscribe(events, { after: this.#cursor }, "Events", { next, error: broken });
    this.#askTime(socket, time, 0);
  }

  /**
   * @param {Event} event
   * @param {Socket} socket
   * @param {string} events
   */
  async #hear(event, socket, events) {
    if (event.__typename === "Resync") {
      const cursor = await this.#afresh();
      if (cursor === null) return socket.close(1006);
      this.#cursor = cursor;
      const next = (/** @type {Api.Events} */ data) => this.#hear(data.events, socket, events);
      socket.subscribe(events, { after: cursor }, "Events", { next, error: () => socket.close(1006) });
    } else this.#cursor = event.cursor;
    if (event.__typename === "CaughtUp") {
      clock.hear(event.occurredAt);
      this.#tries = 0;
      this.#be("live", null);
    }
    for (const listener of this.#listeners) listener(event);
  }

  /**
   * @param {Socket} socket
   * @param {string} document
   * @param {number} times
   */
  #askTime(socket, document, times) {
    this.#clock = setTimeout(() => {
      const end = socket.subscribe(document, {}, "Clock", {
        next: (/** @type {Api.Clock} */ data) => (clock.hear(data.events.occurredAt), end()),
      });
      this.#askTime(socket, document, times + 1);
    }, CLOCK_AFTER[Math.min(times, CLOCK_AFTER.length - 1)]);
  }

  /**
   * @param {number} code
   * @param {Socket | null} socket
   */
  #lost(code, socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#clock);
    if (REFUSED.includes(code)) return this.#refused();
    // It is noticed only after a while that nothing comes any more.
    this.#heardAt = Math.max(this.#heardAt, socket?.heardAt ?? 0);
    this.#be("lost", this.line.since ?? this.#heardAt);
    const longest = code === 1012 ? FIRST_WAIT : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#tries++);
    this.#timer = setTimeout(() => this.#open(), longest * Math.random());
  }

  /**
   * @param {Line["state"]} state
   * @param {number | null} since
   */
  #be(state, since) {
    this.line = { state, since };
    for (const watcher of this.#watchers) watcher(this.line);
  }
}
