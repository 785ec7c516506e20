// @ts-check
/** The rows of a file on the page: as they stand there, what is wrong, and what became of them. All of it is text. */

import { add, make, mark } from "../dom.js";
import { address } from "../router.js";
import { isDay, reason } from "../trips/check.js";

/** @typedef {import("./rows.js").Row} Row */

/** Rows that are drawn in one go; between two goes the page answers to whoever uses it. */
const AT_ONCE = 100;

export class Table {
  /** @param {import("../portal.js").Portal} portal */
  constructor(portal) {
    this.#portal = portal;
    const { columns, line, state, caption } = portal.words.import;
    const names = [line, state, columns.name, columns.phone, columns.flight, `${columns.origin} – ${columns.destination}`, columns.departure];
    this.#body = make("tbody", { role: "rowgroup" });
    this.node = make(
      "table",
      { role: "table" },
      make("caption", { class: "unseen" }, caption),
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...names.map((each) => make("th", { role: "columnheader", scope: "col" }, each)))),
      this.#body,
    );
  }

  #portal;
  #body;
  /** @type {Map<Row, HTMLTableRowElement>} */
  #nodes = new Map();
  #drawing = 0;

  /** @param {Row[]} rows */
  draw(rows) {
    const drawing = ++this.#drawing;
    this.#body.replaceChildren();
    this.#nodes.clear();
    const some = (/** @type {number} */ from) => {
      if (drawing !== this.#drawing) return;
      for (const row of rows.slice(from, from + AT_ONCE)) {
        const node = make("tr", { role: "row" });
        this.#nodes.set(row, node);
        this.#fill(node, row);
        this.#body.append(node);
      }
      if (from + AT_ONCE < rows.length) setTimeout(() => some(from + AT_ONCE));
    };
    some(0);
  }

  /** @param {Row[]} rows  that are different now */
  update(rows) {
    for (const row of rows) {
      const node = this.#nodes.get(row);
      if (node) this.#fill(node, row);
    }
  }

  leave() {
    this.#drawing++;
  }

  /**
   * @param {HTMLTableRowElement} node
   * @param {Row} row
   */
  #fill(node, row) {
    const { words } = this.#portal;
    const { trip, state } = row;
    mark(node, "data-state", state);
    const label = make("span", null, words.import.states[state]);
    const why = reasons(words, row);
    const wrong = new Set(row.refusals.map((each) => each.path.join(".")));
    /** @param {string} name @param {string[]} paths @param {...import("../dom.js").Child} children */
    const cell = (name, paths, ...children) => make("td", { role: "cell", class: name, "data-wrong": paths.some((each) => wrong.has(each)) }, ...children);
    node.replaceChildren();
    add(
      node,
      make("th", { role: "rowheader", scope: "row", class: "row-number" }, row.line),
      cell("state", [], make("i", { class: "shape", "aria-hidden": "true" }), row.id ? make("a", { href: address("trip", [row.id]) }, label) : label),
      cell("name", ["traveller.name"], trip.traveller.name),
      cell("phone", ["traveller.phone"], trip.traveller.phone),
      cell("flight", ["flight"], trip.flight),
      cell("route", ["origin", "destination"], `${trip.origin} – ${trip.destination}`),
      cell("departure", ["departure"], this.#departure(trip.departure)),
      why.length > 0 && make("td", { role: "cell", class: "why" }, why.join(" · ")),
    );
  }

  /** A day and a month in letters show how a date was understood; another year than this one is said. @param {string} departure */
  #departure(departure) {
    const at = Date.parse(`${departure.slice(0, 16)}Z`);
    if (Number.isNaN(at) || !isDay(departure)) return departure;
    const year = departure.slice(0, 4);
    const isOther = new Date(this.#portal.now()).getUTCFullYear() !== Number(year);
    return `${isOther ? `${year} · ` : ""}${this.#portal.times.whole(at, "UTC")}`;
  }
}

/**
 * Why a row is not made, in the reader's language.
 * @param {import("../language.js").Words} words
 * @param {Row} row
 * @returns {string[]}
 */
export function reasons(words, { state, refusals, sameAs, fault }) {
  if (state === "example") return [words.import.exampleRow];
  if (state === "same" && sameAs !== undefined) return [words.import.sameAs(sameAs)];
  if (state === "archived") return [words.import.archivedRow];
  if (fault && state === "refused") return [words.import.fault(fault)];
  return refusals.map((each) => {
    const field = /** @type {keyof typeof words.import.columns | undefined} */ (each.path.at(-1));
    const name = field && words.import.columns[field];
    return name ? `${name}: ${reason(words, each)}` : reason(words, each);
  });
}
