// @ts-check
/** A labelled control with its hint, and what is wrong with it. */

import { fresh, make, mark, say } from "../dom.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/** @template {Control} [T=Control] */
export class Input {
  /**
   * @param {string} label
   * @param {T} control
   * @param {{ hint?: string, unit?: string, before?: boolean }} [more]  `before`: the control stands before its label
   */
  constructor(label, control, { hint = "", unit = "", before = false } = {}) {
    this.control = control;
    control.id ||= fresh();
    const [hintId, wrongId] = [fresh(), fresh()];
    control.setAttribute("aria-describedby", `${hintId} ${wrongId}`);
    this.#wrong = make("p", { class: "wrong-text", id: wrongId, hidden: true });
    const name = make("label", { for: control.id }, label);
    const held = unit ? make("span", { class: "with-unit" }, control, make("span", { class: "unit" }, unit)) : control;
    this.node = make("div", { class: before ? "field is-switch" : "field" }, ...(before ? [held, name] : [name, held]), make("p", { class: "hint", id: hintId, hidden: !hint }, hint), this.#wrong);
  }

  #wrong;

  /** @param {string} text  empty: nothing is wrong */
  wrong(text) {
    say(this.#wrong, text);
    this.#wrong.hidden = !text;
    mark(this.control, "aria-invalid", text ? "true" : null);
  }

  get isWrong() {
    return !this.#wrong.hidden;
  }
}

/**
 * A choice of few.
 * @param {[string, string][]} options  value and text
 * @param {string} now
 * @param {import("../dom.js").Given} [given]
 */
export function select(options, now, given) {
  const made = make("select", given ?? null);
  for (const [value, text] of options) made.append(make("option", { value, selected: value === now }, text));
  return made;
}
