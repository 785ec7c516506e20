// @ts-check
/** The board's table: rows by key, of which only those that moved are moved, and one that the keyboard is on. */

import { make } from "../dom.js";
import { byDeparture } from "./facts.js";
import { COLUMNS, Row } from "./row.js";

/** @typedef {Api.BoardTrip} Trip */

/** Rows before the end at which the next page is asked for. */
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
    this.#body = make("tbody", { role: "rowgroup" });
    this.#sentinel = make("div", { class: "sentinel", "aria-hidden": "true" });
    this.node = make(
      "div",
      { class: "board" },
      make("table", { role: "table" }, make("caption", { class: "unseen" }, board.caption), make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads)), this.#body),
      this.#sentinel,
    );
    this.node.hidden = true;
    this.#body.addEventListener("focusin", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest("tr");
      if (row?.dataset.trip) this.#be(row.dataset.trip);
    });
    this.#watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && nearEnd(), { rootMargin: AHEAD });
    this.#watch.observe(this.#sentinel);
  }

  #portal;
  #body;
  #sentinel;
  #watch;

  /** @param {Trip[]} trips  in order */
  draw(trips) {
    this.node.hidden = trips.length === 0;
    const wanted = new Set(trips.map((trip) => trip.id));
    const focused = document.activeElement?.closest("tr");
    const link = document.activeElement;
    const lost = focused?.dataset.trip && !wanted.has(focused.dataset.trip) ? this.#order.indexOf(focused.dataset.trip) : -1;
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.node.remove();
      this.#rows.delete(id);
    }
    let next = this.#body.firstElementChild;
    for (const trip of trips) {
      const row = this.#row(trip);
      if (row.node === next) next = next.nextElementSibling;
      else this.#body.insertBefore(row.node, next);
    }
    this.#order = trips.map((trip) => trip.id);
    if (this.#current === null || !wanted.has(this.#current)) this.#be(this.#order[Math.max(0, Math.min(lost, this.#order.length - 1))] ?? null);
    if (lost >= 0) this.#focus(Math.min(lost, this.#order.length - 1));
    // A row that is moved in the tree lets go of the focus.
    else if (focused && link instanceof HTMLElement && document.activeElement !== link) link.focus({ preventScroll: true });
  }

  /** @param {Trip} trip */
  #row(trip) {
    const known = this.#rows.get(trip.id);
    if (known) {
      if (known.trip !== trip) known.draw(trip);
      return known;
    }
    const row = new Row(trip, this.#portal);
    this.#rows.set(trip.id, row);
    return row;
  }

  /**
   * Write a row anew, and bring it where it belongs now.
   * @param {Trip} trip
   */
  update(trip) {
    const row = this.#rows.get(trip.id);
    if (!row) return;
    const moved = this.#isMisplaced(row, trip);
    row.draw(trip);
    if (!moved) return;
    this.#order.splice(this.#order.indexOf(trip.id), 1);
    const at = this.#placeOf(trip);
    const focused = row.node.contains(document.activeElement);
    this.#body.insertBefore(row.node, this.#rows.get(this.#order[at] ?? "")?.node ?? null);
    this.#order.splice(at, 0, trip.id);
    // A row that is moved in the tree lets go of the focus.
    if (focused) row.link.focus({ preventScroll: true });
  }

  /**
   * @param {Row} row
   * @param {Trip} trip
   */
  #isMisplaced(row, trip) {
    const neighbour = (/** @type {Element | null} */ node) => this.#rows.get(/** @type {HTMLElement | null} */ (node)?.dataset.trip ?? "")?.trip;
    const [before, after] = [neighbour(row.node.previousElementSibling), neighbour(row.node.nextElementSibling)];
    return (before !== undefined && byDeparture(before, trip) > 0) || (after !== undefined && byDeparture(trip, after) > 0);
  }

  /**
   * Before which row a trip belongs.
   * @param {Trip} trip
   */
  #placeOf(trip) {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#rows.get(this.#order[middle] ?? "")?.trip;
      if (other && byDeparture(other, trip) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Time passes: what was seen a minute ago was seen two minutes ago. */
  age() {
    for (const row of this.#rows.values()) if (row.isSeen) row.draw(row.trip);
  }

  /** @param {number} step */
  move(step) {
    const onRow = this.#body.contains(document.activeElement);
    const at = this.#order.indexOf(this.#current ?? "");
    this.#focus(onRow ? at + step : at);
  }

  /** @param {"first" | "last"} end */
  end(end) {
    this.#focus(end === "first" ? 0 : this.#order.length - 1);
  }

  /** @param {number} at */
  #focus(at) {
    const id = this.#order[Math.max(0, Math.min(at, this.#order.length - 1))];
    if (id) this.#rows.get(id)?.link.focus();
  }

  /** @param {string | null} id */
  #be(id) {
    this.#rows.get(this.#current ?? "")?.link.setAttribute("tabindex", "-1");
    this.#current = id;
    this.#rows.get(id ?? "")?.link.setAttribute("tabindex", "0");
  }

  leave() {
    this.#watch.disconnect();
  }
}
