// @ts-check
/** Counts as a table whose lines carry bars: who sees it reads lengths, who hears it reads figures. */

import { fresh, make } from "../dom.js";
import { draw, picture } from "./svg.js";

/** @typedef {{ name: string, label: string, value: number, text: string, mood?: string, href?: string }} Bar */

/**
 * @param {string} title
 * @param {string} what  what the lines are
 * @param {string} many  what the figures are
 * @param {Bar[]} bars
 * @param {string} none  said where there is nothing
 * @param {boolean} [whole]  as wide as the page
 */
export function bars(title, what, many, bars, none, whole = false) {
  const id = fresh();
  const most = Math.max(...bars.map((bar) => bar.value), Number.MIN_VALUE);
  const rows = bars.map(({ name, label, value, text, mood = "" }) =>
    make(
      "tr",
      { "data-of": name, "data-mood": mood },
      make("th", { scope: "row" }, label),
      make("td", { class: "figure" }, text),
      make("td", { class: "bar-cell", "aria-hidden": "true" }, picture(100, 10, "bar", draw("rect", { width: (100 * value) / most, height: 10 }))),
    ),
  );
  const table = make(
    "table",
    { class: "bars", "aria-labelledby": id },
    make("thead", null, make("tr", null, make("th", { scope: "col" }, what), make("th", { scope: "col", class: "figure" }, many), make("td", { "aria-hidden": "true" }))),
    make("tbody", null, ...rows),
  );
  return make("section", { class: whole ? "chart whole" : "chart" }, make("h2", { id }, title), bars.length ? table : make("p", { class: "hint" }, none));
}
