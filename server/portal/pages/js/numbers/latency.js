// @ts-check
/** How long each stage took: from the half that was fastest to the 95 in 100, on a scale on which seconds and hours both show. */

import { fresh, make } from "../dom.js";
import { draw, picture } from "./svg.js";

/** @typedef {Api.Numbers["agency"]["activity"]["latencies"][number]} Stage */

/** In the order in which they happen. @type {Api.Stage[]} */
const ORDER = ["OCCURRED_TO_SEEN", "SEEN_TO_DECIDED", "DECIDED_TO_ACCEPTED", "ACCEPTED_TO_DELIVERED"];
/** The scale's left end, in seconds: what is faster is as good as at once. */
const LEAST = 0.1;
/** Its right end at least, so that fast stages look fast. */
const MOST = 60;

/**
 * @param {import("../portal.js").Portal} portal
 * @param {Stage[]} stages
 */
export function latency(portal, stages) {
  const words = portal.words.numbers;
  const id = fresh();
  const most = Math.max(MOST, ...stages.map((each) => each.p95Seconds));
  const at = (/** @type {number} */ seconds) => (100 * Math.log(Math.max(seconds, LEAST) / LEAST)) / Math.log(most / LEAST);
  const sorted = [...stages].sort((one, other) => ORDER.indexOf(one.stage) - ORDER.indexOf(other.stage));
  const rows = sorted.map(({ stage, count, p50Seconds, p95Seconds, maxSeconds }) => {
    const [half, nearly] = [at(p50Seconds), at(p95Seconds)];
    const figures = [p50Seconds, p95Seconds, maxSeconds].map((each, n) => make("td", { class: "figure", "data-label": [words.half, words.nearly, words.longest][n] }, seconds(portal, each)));
    const track = picture(100, 10, "range", draw("rect", { class: "track", y: 4, width: 100, height: 2 }), draw("rect", { class: "reach", x: half, y: 2, width: Math.max(nearly - half, 0.6), height: 6 }), draw("rect", { class: "half", x: Math.max(half - 0.4, 0), width: 0.9, height: 10 }));
    return make("tr", { "data-of": stage }, make("th", { scope: "row" }, words.stages[stage]), make("td", { class: "bar-cell", "aria-hidden": "true" }, track), ...figures, make("td", { class: "figure", "data-label": words.measured }, portal.times.number(count)));
  });
  const heads = [words.half, words.nearly, words.longest, words.measured].map((text) => make("th", { scope: "col", class: "figure" }, text));
  const table = make(
    "table",
    { class: "bars latency", role: "table", "aria-labelledby": id },
    make("thead", null, make("tr", null, make("th", { scope: "col" }, words.stage), make("td", { "aria-hidden": "true" }), ...heads)),
    make("tbody", null, ...rows),
  );
  return make("section", { class: "chart whole" }, make("h2", { id }, words.latency), ...(stages.length ? [make("p", { class: "hint" }, words.latencyHint), table] : [make("p", { class: "hint" }, words.nothingMeasured)]));
}

/**
 * 0.4 s, 12 s, 3 min, 2 h.
 * @param {import("../portal.js").Portal} portal
 * @param {number} value
 */
export const seconds = ({ times }, value) => (value < 100 ? `${times.number(value)} s` : times.span(value * 1000));
