// @ts-check
/** One type in one language: what the agency writes, and below it what the traveller reads. */

import { add, make, mark, say } from "../dom.js";
import { said as fault } from "../notice.js";
import { clash } from "./clash.js";
import { Input } from "./input.js";
import { inserts } from "./inserts.js";
import { place } from "./refusals.js";

/** @typedef {Api.Wording["agency"]["messageTemplates"][number]} Template */
/** What is typed, and when that was written over which it is typed; null where nothing was. @typedef {{ body: string, sid: string, over: string | null }} Typed */

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
 * @property {(template: Template) => Promise<Api.Said | null>} known  what is in force now, whoever wrote it
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
    this.#note = make("div", { class: "meanwhile", hidden: true });
    const kept = given.kept.get();
    this.#over = kept ? kept.over : (given.template?.updatedAt ?? null);
    const reading = make("figure", { class: "reading" }, make("figcaption", null, words.reads), this.#bubble);
    this.node = make("section", { class: "tongue", "aria-label": title, "data-language": given.language });
    add(this.node, make("h2", null, title), this.#origin);
    if (portal.who?.viewer.role === "ADMIN") add(this.node, this.#form(code));
    add(this.node, reading);
    // What was typed before another view may lie over what somebody else has written since.
    if (this.#body && kept && this.#template && this.#template.updatedAt !== this.#over) this.#dispute(this.#template);
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
  #note;
  /** When that was written over which is typed. @type {string | null} */
  #over;
  #saving = false;
  /** @type {Input<HTMLTextAreaElement> | null} */
  #body = null;
  /** @type {Input<HTMLInputElement> | null} */
  #sid = null;
  /** @type {HTMLButtonElement | null} */
  #save = null;

  /** What is saved, as it stands in the fields. */
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
    const form = make("form", { novalidate: true }, this.#body.node, make("div", { class: "inserts", role: "group", "aria-label": words.variables }, ...inserts(words.insert, this.#said.variables, body, () => this.#typed())), this.#sid.node, this.#note, make("div", { class: "actions" }, this.#save, this.#state), this.#problem);
    form.addEventListener("submit", (event) => (event.preventDefault(), void this.#submit()));
    return form;
  }

  #typed() {
    this.#given.kept.set(this.#isTyped ? { ...this.#now, over: this.#over } : null);
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
    if (!this.#isTyped || this.#saving) return;
    if (!this.#note.hidden) return this.#note.querySelector("button")?.focus();
    this.#saving = true;
    await this.#write();
    this.#saving = false;
  }

  /** The server takes what comes last, so it is looked first whether somebody else wrote meanwhile. */
  async #write() {
    if (!this.#body || !this.#sid) return;
    const { type, language, known } = this.#given;
    const { body, sid } = this.#now;
    say(this.#problem, "");
    const { data: read, fault: unread } = await this.#portal.ask("Wording", {});
    if (unread) return say(this.#problem, fault(this.#portal, unread));
    const theirs = read.agency.messageTemplates.find((each) => each.type === type && each.language === language);
    if (theirs && theirs.updatedAt !== this.#over) return this.#meet(theirs);
    const { data, fault: why } = await this.#portal.ask("WordMessage", { input: { type, language, contentSid: sid || null, body: body.trim() || null } });
    if (why) return say(this.#problem, fault(this.#portal, why));
    const { template, userErrors } = data.setMessageTemplate;
    say(this.#problem, place(this.#portal, userErrors, { body: this.#body, contentSid: this.#sid }));
    if (!template) return;
    this.#take(template);
    this.#said = (await known(template)) ?? this.#said;
    this.#draw();
    say(this.#state, this.#portal.words.settings.worded);
  }

  /** What is in force stands in the fields. @param {Template} template */
  #take(template) {
    this.#given.kept.set(null);
    [this.#template, this.#over] = [template, template.updatedAt];
    if (this.#body) this.#body.control.value = template.body;
    if (this.#sid) this.#sid.control.value = template.contentSid ?? "";
  }

  /** Somebody else wrote meanwhile. @param {Template} theirs */
  async #meet(theirs) {
    const words = this.#portal.words.settings;
    this.#template = theirs;
    this.#said = (await this.#given.known(theirs)) ?? this.#said;
    if (!this.#isTyped) {
      // The same as here: there is nothing left to save.
      this.#take(theirs);
      this.#draw();
      return say(this.#state, words.worded);
    }
    this.#dispute(theirs);
    this.#draw();
    say(this.#problem, words.conflict);
    this.#note.querySelector("button")?.focus();
  }

  /** Theirs beside mine, and the choice between the two. @param {Template} theirs */
  #dispute(theirs) {
    mark(this.node, "data-clash", "");
    clash(this.#portal, this.#note, theirs, (mine) => {
      mark(this.node, "data-clash", null);
      say(this.#problem, "");
      if (!mine) this.#take(theirs);
      this.#over = theirs.updatedAt;
      this.#typed();
      (mine ? this.#save : this.#body?.control)?.focus();
    });
  }
}
