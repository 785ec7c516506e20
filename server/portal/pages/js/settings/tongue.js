// @ts-check
/** One type in one language: what the agency writes, and below it what the traveller reads. */

import { add, make, mark, say } from "../dom.js";
import { said as fault } from "../notice.js";
import { Input } from "./input.js";
import { place } from "./refusals.js";

/** @typedef {Api.Wording["agency"]["messageTemplates"][number]} Template */
/** @typedef {{ body: string, sid: string }} Typed */

/** As the server takes it. */
const LONGEST = 1600;

/** As wide as what is filled in, so that what is unknown stays as it is. */
const PLACEHOLDER = /\{\{([0-9]+)\}\}/g;

/**
 * A text with its variables, as the server fills them in.
 * @param {string} text
 * @param {string[]} variables
 */
export const fill = (text, variables) => text.replace(PLACEHOLDER, (all, n) => variables[Number(n) - 1] ?? all);

/**
 * @typedef {object} Given
 * @property {Api.NotificationType} type
 * @property {Api.Language} language
 * @property {Api.Said} said  as the server says it now
 * @property {Template | null} template  null: the standard text
 * @property {{ get: () => Typed | undefined, set: (typed: Typed | null) => void }} kept  what is typed outlives the page
 * @property {(template: Template) => Promise<Api.Said | null>} saved
 */

export class Tongue {
  /**
   * @param {import("../portal.js").Portal} portal
   * @param {Given} given
   */
  constructor(portal, given) {
    this.#portal = portal;
    this.#given = given;
    this.#said = given.said;
    this.#template = given.template;
    const words = portal.words.settings;
    const code = given.language.toLowerCase();
    const title = words.languages[given.language];
    this.#bubble = make("p", { class: "bubble", lang: code });
    this.#state = make("p", { class: "state", role: "status" });
    this.#problem = make("p", { class: "wrong-text", role: "alert" });
    this.#origin = make("p", { class: "hint" });
    const reading = make("figure", { class: "reading" }, make("figcaption", null, words.reads), this.#bubble);
    this.node = make("section", { class: "tongue", "aria-label": title, "data-language": given.language });
    add(this.node, make("h2", null, title), this.#origin);
    if (portal.who?.viewer.role === "ADMIN") add(this.node, this.#form(code));
    add(this.node, reading);
    this.#draw();
  }

  #portal;
  #given;
  #said;
  /** @type {Template | null} */
  #template;
  #bubble;
  #state;
  #problem;
  #origin;
  /** @type {Input<HTMLTextAreaElement> | null} */
  #body = null;
  /** @type {Input<HTMLInputElement> | null} */
  #sid = null;
  /** @type {HTMLButtonElement | null} */
  #save = null;

  /** What is saved, as it stands in the fields. @returns {Typed} */
  get #stored() {
    return { body: this.#template?.body ?? "", sid: this.#template?.contentSid ?? "" };
  }

  /** @param {string} code */
  #form(code) {
    const words = this.#portal.words.settings;
    const kept = this.#given.kept.get() ?? this.#stored;
    const body = make("textarea", { name: "body", rows: 5, lang: code, maxlength: LONGEST, placeholder: words.standardText, oninput: () => this.#typed() }, kept.body);
    const sid = make("input", { name: "contentSid", value: kept.sid, placeholder: "HX…", autocomplete: "off", spellcheck: "false", oninput: () => this.#typed() });
    this.#body = new Input(words.text, body);
    this.#sid = new Input(words.sid, sid, { hint: words.sidHint });
    this.#save = make("button", { class: "main" }, words.save);
    const inserts = this.#said.variables.map((value, at) =>
      make("button", { type: "button", class: "insert", title: words.insert(value), onclick: () => this.#insert(`{{${at + 1}}}`) }, make("b", null, `{{${at + 1}}}`), ` ${value}`),
    );
    const form = make("form", { novalidate: true }, this.#body.node, make("div", { class: "inserts", role: "group", "aria-label": words.variables }, ...inserts), this.#sid.node, make("div", { class: "actions" }, this.#save, this.#state), this.#problem);
    form.addEventListener("submit", (event) => (event.preventDefault(), void this.#submit()));
    return form;
  }

  /** @param {string} text */
  #insert(text) {
    const field = this.#body?.control;
    if (!field) return;
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    this.#typed();
  }

  #typed() {
    const now = this.#now;
    this.#given.kept.set(this.#isTyped ? now : null);
    this.#draw();
    say(this.#state, this.#isTyped ? this.#portal.words.settings.notSaved : "");
  }

  get #now() {
    return { body: this.#body?.control.value ?? this.#stored.body, sid: this.#sid?.control.value.trim() ?? this.#stored.sid };
  }

  get #isTyped() {
    return this.#now.body !== this.#stored.body || this.#now.sid !== this.#stored.sid;
  }

  #draw() {
    const words = this.#portal.words.settings;
    const text = this.#now.body.trim();
    // The standard text is known only as the server fills it in: while it is not in force, it cannot be shown.
    const standard = this.#template && this.#isTyped ? words.standardAgain : this.#said.body;
    say(this.#bubble, text ? fill(text, this.#said.variables) : standard);
    mark(this.#bubble, "data-typed", this.#isTyped ? "" : null);
    const { times } = this.#portal;
    say(this.#origin, this.#template ? words.wordedAt(times.whole(this.#template.updatedAt)) : words.isStandard);
    if (this.#save) this.#save.disabled = !this.#isTyped;
  }

  async #submit() {
    if (!this.#body || !this.#sid || !this.#isTyped) return;
    const { type, language, kept, saved } = this.#given;
    const { body, sid } = this.#now;
    say(this.#problem, "");
    const { data, fault: why } = await this.#portal.ask("WordMessage", { input: { type, language, contentSid: sid || null, body: body.trim() || null } });
    if (why) return say(this.#problem, fault(this.#portal, why));
    const { template, userErrors } = data.setMessageTemplate;
    say(this.#problem, place(this.#portal, userErrors, { body: this.#body, contentSid: this.#sid }));
    if (!template) return;
    kept.set(null);
    this.#template = template;
    [this.#body.control.value, this.#sid.control.value] = [template.body, template.contentSid ?? ""];
    this.#said = (await saved(template)) ?? this.#said;
    this.#draw();
    say(this.#state, this.#portal.words.settings.worded);
  }
}
