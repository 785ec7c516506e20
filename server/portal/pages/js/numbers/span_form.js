// @ts-check
/** The choice of days. */

import { make, say } from "../dom.js";
import { Input } from "../settings/input.js";
import { SPANS, isBackwards } from "./span.js";

/** @typedef {import("./span.js").Span} Span */

/**
 * @param {import("../portal.js").Portal} portal
 * @param {Span} span
 * @param {(query: URLSearchParams) => void} chosen
 */
export function spanForm(portal, span, chosen) {
  const words = portal.words.numbers;
  const names = /** @type {(keyof typeof SPANS)[]} */ (Object.keys(SPANS));
  const chips = names.map((name) => {
    const box = make("input", { type: "radio", name: "span", value: name, checked: span.name === name, onchange: () => (dates(false), chosen(new URLSearchParams({ span: name }))) });
    return make("label", { class: "chip" }, box, make("span", null, words.spans[name]));
  });
  const own = make("input", { type: "radio", name: "span", value: "dates", checked: span.name === "dates", onchange: () => (dates(true), tell()) });
  chips.push(make("label", { class: "chip" }, own, make("span", null, words.spans.dates)));
  const from = new Input(words.from, make("input", { type: "date", name: "from", value: span.first, onchange: () => tell() }));
  const until = new Input(words.until, make("input", { type: "date", name: "until", value: span.last, onchange: () => tell() }));
  const fields = make("div", { class: "fields" }, from.node, until.node);
  const problem = make("p", { class: "wrong-text", role: "alert" });
  const dates = (/** @type {boolean} */ shown) => void (fields.hidden = !shown);
  dates(span.name === "dates");

  function tell() {
    const wished = { name: /** @type {const} */ ("dates"), first: from.control.value, last: until.control.value };
    const wrong = !wished.first || !wished.last ? words.missing : isBackwards(wished) ? words.backwards : "";
    say(problem, wrong);
    until.control.toggleAttribute("aria-invalid", Boolean(wrong));
    if (!wrong) chosen(new URLSearchParams({ from: wished.first, until: wished.last }));
  }

  return make("form", { class: "filters", "aria-label": words.span, onsubmit: (event) => event.preventDefault() }, make("fieldset", { class: "chips" }, make("legend", { class: "unseen" }, words.span), ...chips), fields, problem);
}
