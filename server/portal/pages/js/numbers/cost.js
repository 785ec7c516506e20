// @ts-check
/** What AeroAPI cost, day by day, against the budget of a day. */

import { fresh, make } from "../dom.js";
import { bars } from "./bars.js";
import { draw, picture } from "./svg.js";

/** @typedef {Api.Numbers["agency"]} Agency */
/** @typedef {import("../portal.js").Portal} Portal */

/** Of the picture; how wide a day is. */
const [HEIGHT, WIDE, GAP] = [100, 10, 2];

/**
 * @param {Portal} portal
 * @param {number} value
 */
export const dollars = ({ times }, value) =>
  new Intl.NumberFormat(times.locale, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 3 }).format(value);

/**
 * @param {Portal} portal
 * @param {Agency} agency
 * @param {string[]} span  its days
 * @param {boolean} open  whether the figures are shown
 */
export function cost(portal, { activity, settings }, span, open) {
  const words = portal.words.numbers;
  const id = fresh();
  const known = new Map(activity.aeroapiByDay.map((each) => [each.day, each]));
  // Days of AeroAPI are UTC's: the first or last of them may lie beside the reader's.
  const days = [...new Set([...span, ...known.keys()])].sort();
  const budget = settings.dailyAeroapiBudgetUsd;
  const most = Math.max(budget ?? 0, ...activity.aeroapiByDay.map((each) => each.costUsd), 0.01);
  const height = (/** @type {number} */ value) => (HEIGHT * value) / most;
  const columns = days.map((day, n) => {
    const spent = known.get(day)?.costUsd ?? 0;
    const over = budget !== null && spent >= budget;
    return draw("rect", { class: over ? "day over" : "day", x: n * WIDE + GAP / 2, y: HEIGHT - height(spent), width: WIDE - GAP, height: height(spent) }, draw("title", {}, `${day}: ${dollars(portal, spent)}`));
  });
  const line = budget === null ? [] : [draw("line", { class: "budget", x1: 0, x2: days.length * WIDE, y1: HEIGHT - height(budget), y2: HEIGHT - height(budget) })];
  const name = (/** @type {string | undefined} */ day) => (day ? portal.times.day(`${day}T12:00Z`, "UTC") : "");
  const axis = days.length === 1 ? [make("span", null, name(days[0]))] : [make("span", null, name(days[0])), make("span", null, name(days.at(-1)))];
  const drawn = make("div", { class: "plot" }, make("span", { class: "top-of" }, dollars(portal, most)), picture(days.length * WIDE, HEIGHT, "columns", ...columns, ...line), make("div", { class: "axis" }, ...axis));
  const rows = days.filter((day) => known.has(day)).map((day) => {
    const { costUsd, resultSets, restedLooks } = known.get(day) ?? { costUsd: 0, resultSets: 0, restedLooks: 0 };
    return make("tr", { "data-of": day }, make("th", { scope: "row" }, name(day)), ...[dollars(portal, costUsd), portal.times.number(resultSets), portal.times.number(restedLooks)].map((text) => make("td", { class: "figure" }, text)));
  });
  const heads = [words.cost, words.sets, words.rested].map((text) => make("th", { scope: "col", class: "figure" }, text));
  const table = make("table", { class: "bars", "aria-labelledby": id }, make("thead", null, make("tr", null, make("th", { scope: "col" }, words.day), ...heads)), make("tbody", null, ...rows));
  const figures = make("details", { class: "figures-of", open }, make("summary", null, words.asFigures), make("div", { class: "wide" }, table));
  const legend = make("p", { class: "hint" }, budget === null ? words.noBudget : words.budget(dollars(portal, budget)), ` ${words.utc}`);
  return make("section", { class: "chart whole" }, make("h2", { id }, words.costByDay), legend, ...(rows.length ? [drawn, figures] : [make("p", { class: "hint" }, words.noCost)]));
}

/**
 * @param {Portal} portal
 * @param {Agency} agency
 */
export function dearest(portal, { activity }) {
  const words = portal.words.numbers;
  const lines = activity.aeroapiByFlight.map(({ ident, departureAt, costUsd }) => ({ name: ident, label: `${ident} · ${portal.times.day(departureAt, "UTC")}`, value: costUsd, text: dollars(portal, costUsd) }));
  return bars(words.dearest, words.flight, words.cost, lines, words.noCost, true);
}
