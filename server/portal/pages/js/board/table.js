// @ts-check
/**
 * The board's table: rows by key, of which only those that moved are moved, and one that the keyboard is on.
 *
 * Rows stand in blocks, and the browser leaves out the blocks that are far from the window. A thousand rows that it had to look
 * after one by one would cost it most of its time.
 */

import { make } from "../dom.js";
import { byDeparture } from "./facts.js";
import { COLUMNS, Row, isNear } from "./row.js";

/** @typedef {Api.BoardTrip} Trip */

/** Where somebody is: the row that the keyboard is on, and one that is seen, at which height. @typedef {{ current: string | null, seen: string | null, top: number }} Place */

/** Rows of a block; where it has twice as many, it is parted. */
const BLOCK = 12;
/** Before the end, when the next page is asked for. */
const AHEAD = "1200px";

export class Table {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {string[]} */
  #order = [];
  /** The row that the keyboard is on. @type {string | null} */
  #current = null;

  /**
   * @param {import("../portal.js").Portal} portal
   * @param {() => void} nearEnd
   */
  constructor(portal, nearEnd) {
    this.#portal = portal;
    const { board } = portal.words;
    // Rows laid out as a grid are rows to nobody's screen reader, unless they say so.
    const heads = COLUMNS.map((name) => make("th", { class: name, role: "columnheader", scope: "col" }, board.columns[name]));
    const head = make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads));
    this.#table = make("table", { role: "table" }, make("caption", { class: "unseen" }, board.caption), head);
    this.node = make("div", { class: "board", hidden: true }, this.#table, this.#sentinel);
    this.#table.addEventListener("focusin", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest("tr");
      if (row?.dataset.trip) this.#be(row.dataset.trip);
    });
    this.#watch = new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && nearEnd(), { rootMargin: AHEAD });
  }

  #portal;
  #table;
  #sentinel = make("div", { class: "sentinel", "aria-hidden": "true" });
  #watch;

  /** @param {Trip[]} trips */
  draw(trips) {
    this.node.hidden = trips.length === 0;
    const wanted = new Set(trips.map((trip) => trip.id));
    const focused = document.activeElement?.closest("tr")?.dataset.trip;
    const lost = focused && !wanted.has(focused) ? this.#order.indexOf(focused) : -1;
    for (const [id, row] of this.#rows) if (!wanted.has(id)) this.#remove(id, row);
    this.#order = this.#order.filter((id) => wanted.has(id));
    for (const trip of trips) {
      const known = this.#rows.get(trip.id);
      if (!known) this.#insert(new Row(trip, this.#portal));
      else if (known.trip !== trip) this.update(trip);
    }
    if (this.#current === null || !wanted.has(this.#current)) this.#be(this.#order[this.#within(lost)] ?? null);
    if (lost >= 0) this.#focus(lost);
    // It tells of a change only: an end that is near and stays near would not be told again.
    this.#watch.disconnect();
    this.#watch.observe(this.#sentinel);
  }

  /**
   * Write a row anew, and bring it where it belongs now.
   * @param {Trip} trip
   */
  update(trip) {
    const row = this.#rows.get(trip.id);
    if (!row) return;
    row.draw(trip);
    const at = this.#order.indexOf(trip.id);
    const [before, after] = [this.#tripAt(at - 1), this.#tripAt(at + 1)];
    if ((!before || byDeparture(before, trip) < 0) && (!after || byDeparture(trip, after) < 0)) return;
    const focused = row.node.contains(document.activeElement);
    this.#order.splice(at, 1);
    this.#insert(row);
    // A row that is moved in the tree lets go of the focus.
    if (focused) row.link.focus({ preventScroll: true });
  }

  /** @param {Row} row */
  #insert(row) {
    const place = this.#placeOf(row.trip);
    const follower = this.#rows.get(this.#order[place] ?? "")?.node;
    const left = row.node.parentElement;
    if (follower) follower.before(row.node);
    else (this.#table.tBodies.item(this.#table.tBodies.length - 1) ?? this.#block(null)).append(row.node);
    this.#order.splice(place, 0, row.id);
    this.#rows.set(row.id, row);
    if (left && !left.childElementCount) left.remove();
    const block = row.node.parentElement;
    if (block && block.childElementCount > 2 * BLOCK) this.#block(block).append(...[...block.children].slice(BLOCK));
  }

  /**
   * @param {string} id
   * @param {Row} row
   */
  #remove(id, row) {
    const block = row.node.parentElement;
    row.node.remove();
    this.#rows.delete(id);
    if (!block?.childElementCount) block?.remove();
  }

  /**
   * A new block of rows.
   * @param {Element | null} before
   */
  #block(before) {
    const made = make("tbody", { role: "rowgroup", "data-near": true });
    made.addEventListener("contentvisibilityautostatechange", (event) => {
      made.toggleAttribute("data-near", !(/** @type {ContentVisibilityAutoStateChangeEvent} */ (event).skipped));
    });
    if (before) before.after(made);
    else this.#table.append(made);
    return made;
  }

  /** @param {number} at */
  #tripAt = (at) => this.#rows.get(this.#order[at] ?? "")?.trip;

  /**
   * Before which row a trip belongs.
   * @param {Trip} trip
   */
  #placeOf(trip) {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#tripAt(middle);
      if (other && byDeparture(other, trip) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Time passes: what was seen a minute ago was seen two minutes ago. */
  age() {
    for (const row of this.#rows.values()) if (isNear(row.node)) row.draw(row.trip);
  }

  /** @param {number} step */
  move(step) {
    const onRow = this.#table.contains(document.activeElement);
    const at = this.#order.indexOf(this.#current ?? "");
    this.#focus(onRow ? at + step : at);
  }

  /** @param {"first" | "last"} end */
  end(end) {
    this.#focus(end === "first" ? 0 : this.#order.length - 1);
  }

  /** @param {number} at */
  #within = (at) => Math.max(0, Math.min(at, this.#order.length - 1));

  /** @param {number} at */
  #focus(at) {
    this.#rows.get(this.#order[this.#within(at)] ?? "")?.link.focus();
  }

  /** @param {string | null} id */
  #be(id) {
    this.#rows.get(this.#current ?? "")?.link.setAttribute("tabindex", "-1");
    this.#current = id;
    this.#rows.get(id ?? "")?.link.setAttribute("tabindex", "0");
  }

  /** @returns {Place} */
  place() {
    const seen = /** @type {HTMLElement | null | undefined} */ (document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest("tr[data-trip]"));
    return { current: this.#current, seen: (scrollY > 0 && seen?.dataset.trip) || null, top: seen?.getBoundingClientRect().top ?? 0 };
  }

  /** @param {Place} place */
  goTo({ current, seen, top }) {
    if (current && this.#rows.has(current)) this.#be(current);
    const row = this.#rows.get(seen ?? "")?.node;
    if (!row) return;
    const scroll = () => scrollBy(0, row.getBoundingClientRect().top - top);
    scroll();
    // Blocks that come near get their true height only then.
    requestAnimationFrame(() => (scroll(), requestAnimationFrame(scroll)));
  }

  leave = () => this.#watch.disconnect();
}
