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
   * Write a row anew where it stands.
   * @param {Trip} trip
   * @returns {boolean}  whether it belongs somewhere else now
   */
  update(trip) {
    const row = this.#rows.get(trip.id);
    if (!row) return true;
    row.draw(trip);
    const neighbour = (/** @type {Element | null} */ node) => this.#rows.get(/** @type {HTMLElement | null} */ (node)?.dataset.trip ?? "")?.trip;
    const [before, after] = [neighbour(row.node.previousElementSibling), neighbour(row.node.nextElementSibling)];
    return (before !== undefined && byDeparture(before, trip) > 0) || (after !== undefined && byDeparture(trip, after) > 0);
  }

  /** Time passes: what was seen a minute ago was seen two minutes ago. */
  age() {
    const seen = [...this.#rows.values()].filter((row) => row.node.checkVisibility?.({ contentVisibilityAuto: true }) !== false);
    // All that is asked of the layout comes before all that changes it.
    for (const row of seen) row.draw(row.trip);
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
