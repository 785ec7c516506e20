// @ts-check
/** One question of a form: its name, its answer, a hint, and what is wrong with the answer. */

import { add, fresh, make, mark, say } from "../dom.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

export class Field {
  /**
   * @param {string} path  as the server names it: `traveller.name`
   * @param {string} label
   * @param {Control} control
   * @param {string} [hint]
   */
  constructor(path, label, control, hint = "") {
    this.path = path;
    this.control = control;
    control.id ||= fresh();
    control.setAttribute("name", path);
    this.#hint = make("p", { class: "hint", id: fresh() }, hint);
    this.#wrong = make("p", { class: "wrong-text", id: fresh(), hidden: true });
    control.setAttribute("aria-describedby", `${this.#wrong.id} ${this.#hint.id}`);
    this.node = make("div", { class: `field ask-${path.replace(".", "-")}` });
    add(this.node, make("label", { for: control.id }, label), control, this.#wrong, this.#hint);
    // What is being mended is no longer known to be wrong.
    control.addEventListener("input", () => this.complain(""));
  }

  #hint;
  #wrong;

  get value() {
    return this.control.value;
  }

  set value(text) {
    this.control.value = text;
  }

  /** @param {string} text */
  hint(text) {
    say(this.#hint, text);
  }

  /** @param {string} text  nothing: it is well */
  complain(text) {
    say(this.#wrong, text);
    this.#wrong.hidden = !text;
    mark(this.control, "aria-invalid", text ? "true" : null);
  }

  get isWrong() {
    return !this.#wrong.hidden;
  }
}
