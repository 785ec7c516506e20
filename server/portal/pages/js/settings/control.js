// @ts-check
/** One setting on the page: its control, what somebody else made of it meanwhile, and the choice between the two. */

import { add, make, mark, say } from "../dom.js";
import { Input, select } from "./input.js";
import { LANGUAGES, POLICIES } from "./fields.js";

/** @typedef {import("./fields.js").Field} Field */
/** @typedef {import("./fields.js").Value} Value */
/** @typedef {import("../portal.js").Portal} Portal */

/**
 * A value as it is read.
 * @param {Portal} portal
 * @param {Field} field
 * @param {Value} value
 * @returns {string}
 */
export function told({ words, times }, { name, kind, unit }, value) {
  const { settings } = words;
  if (value === null || value === "") return name === "timezoneOverride" ? settings.noZone : name === "dailyAeroapiBudgetUsd" ? settings.noBudget : settings.nothing;
  if (kind === "switch") return value ? settings.on : settings.off;
  if (kind === "language") return settings.languages[/** @type {Api.Language} */ (value)];
  if (kind === "policy") return settings.policies[/** @type {Api.UnknownDeliveryPolicy} */ (value)];
  if (kind === "number") return `${times.number(Number(value))}${unit ? ` ${settings.units[unit]}` : ""}`;
  return String(value);
}

export class Setting {
  /**
   * @param {Portal} portal
   * @param {Field} field
   * @param {import("./draft.js").Draft} draft
   * @param {() => void} changed
   */
  constructor(portal, field, draft, changed) {
    this.field = field;
    this.#portal = portal;
    this.#draft = draft;
    this.#changed = changed;
    const { settings } = portal.words;
    const { name, kind, least, most, unit } = field;
    this.#control = control(portal, field);
    const range = least !== undefined && most !== undefined ? settings.range(portal.times.number(least), portal.times.number(most)) : "";
    /** @type {Record<string, string>} */
    const hints = settings.hints;
    const hint = [hints[name], range].filter(Boolean).join(" ");
    this.input = new Input(settings.fields[name], this.#control, { hint, unit: unit ? settings.units[unit] : "", before: kind === "switch" });
    this.node = this.input.node;
    this.node.dataset.setting = name;
    this.#note = make("div", { class: "meanwhile", hidden: true });
    add(this.node, this.#note);
    const taken = () => {
      draft.type(name, this.#read());
      this.input.wrong("");
      this.draw(false);
      changed();
    };
    this.#control.addEventListener(kind === "switch" || this.#control instanceof HTMLSelectElement ? "change" : "input", taken);
    this.draw();
  }

  #portal;
  #draft;
  #changed;
  #control;
  #note;

  /** @returns {Value} */
  #read() {
    const { kind } = this.field;
    if (this.#control instanceof HTMLInputElement && kind === "switch") return this.#control.checked;
    const text = this.#control.value.trim();
    if (kind === "number") return text === "" ? null : Number(text);
    return kind === "zone" && text === "" ? null : text;
  }

  /** @param {boolean} [write]  false where the control itself says what the draft now says */
  draw(write = true) {
    const { name, kind } = this.field;
    const value = this.#draft.value(name);
    if (write && this.#control instanceof HTMLInputElement && kind === "switch") this.#control.checked = value === true;
    else if (write && this.#read() !== value) this.#control.value = value === null ? "" : String(value);
    mark(this.node, "data-typed", this.#draft.isTyped(name) ? "" : null);
    this.#meanwhile();
  }

  #meanwhile() {
    const { settings } = this.#portal.words;
    const { name } = this.field;
    const clash = this.#draft.clashes.get(name);
    const said = (/** @type {Value} */ value) => told(this.#portal, this.field, value);
    this.#note.hidden = !clash && !this.#draft.moved.has(name);
    mark(this.node, "data-clash", clash ? "" : null);
    if (!clash) return say(this.#note, settings.moved);
    const choose = (/** @type {"keep" | "take"} */ what) => () => {
      this.#draft[what](name);
      this.input.wrong("");
      this.draw();
      this.#control.focus();
      this.#changed();
    };
    this.#note.replaceChildren(
      make("p", null, settings.clash(said(clash.before), said(clash.theirs), said(this.#draft.value(name)))),
      make("button", { type: "button", onclick: choose("keep") }, settings.keepMine),
      make("button", { type: "button", onclick: choose("take") }, settings.takeTheirs),
    );
  }

  focus() {
    const button = this.#draft.clashes.has(this.field.name) && this.#note.querySelector("button");
    (button || this.#control).focus();
  }
}

/**
 * @param {Portal} portal
 * @param {Field} field
 * @returns {import("./input.js").Control}
 */
function control({ words: { settings } }, { name, kind, least, most, whole }) {
  if (kind === "language") return select(LANGUAGES.map((each) => [each, settings.languages[each]]), "", { name });
  if (kind === "policy") return select(POLICIES.map((each) => [each, settings.policies[each]]), "", { name });
  if (kind === "switch") return make("input", { type: "checkbox", name });
  if (kind === "time") return make("input", { type: "time", name });
  if (kind === "zone") return make("input", { name, list: "zones", placeholder: "America/Argentina/Buenos_Aires", autocomplete: "off", spellcheck: "false" });
  // What is out of bounds is said at the field when it is saved, all at once, rather than by the browser's own bubbles.
  return make("input", { type: "number", name, min: least, max: most, step: whole ? 1 : "any", inputmode: whole ? "numeric" : "decimal" });
}
