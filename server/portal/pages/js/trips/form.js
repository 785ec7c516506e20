// @ts-check
/** The form of a new trip: its fields, what it says as the API's input, and where each refusal stands. */

import { add, make, mark } from "../dom.js";
import { AirportField } from "./airport.js";
import { check, reason } from "./check.js";
import { Field } from "./field.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {import("./check.js").Refusal} Refusal */
/** @typedef {Record<string, string>} Values */

export class TripForm {
  /**
   * @param {Portal} portal
   * @param {Values} values  what was typed before
   * @param {() => void} sent
   */
  constructor(portal, values, sent) {
    this.#portal = portal;
    const { create } = portal.words;
    this.#complaint = make("div", { class: "complaint", role: "alert" });
    this.#button = make("button", { class: "main" }, create.make);
    const text = (/** @type {import("../dom.js").Given} */ more = {}) => make("input", { type: "text", autocomplete: "off", ...more });
    this.#origin = new AirportField(portal, "origin", create.origin, () => this.#sayWhere());
    this.#departure = new Field("departure", create.departure, make("input", { type: "datetime-local", required: true }), create.departureHint);
    const language = make("select", null, make("option", { value: "" }, create.agencyLanguage));
    for (const [code, name] of Object.entries(create.languages)) add(language, make("option", { value: code }, name));
    /** @type {[string, Field[]][]} */
    const groups = [
      [create.traveller, [
        new Field("traveller.name", create.name, text({ required: true, maxlength: 200 }), create.nameHint),
        new Field("traveller.phone", create.phone, text({ type: "tel", required: true, placeholder: "+5491155550101", maxlength: 40 }), create.phoneHint),
        new Field("traveller.language", create.language, language),
      ]],
      [create.flightGroup, [
        new Field("flight", create.flight, text({ required: true, placeholder: "AR1303", autocapitalize: "characters", spellcheck: "false", maxlength: 20 })),
        this.#origin,
        new AirportField(portal, "destination", create.destination),
        this.#departure,
      ]],
      [create.more, [
        new Field("reference", create.reference, text({ maxlength: 200 }), create.referenceHint),
        new Field("lodging", create.lodging, text({ maxlength: 600 }), create.lodgingHint),
        new Field("notes", create.notes, make("textarea", { rows: 3, maxlength: 4000 }), create.notesHint),
      ]],
    ];
    this.node = make("form", { class: "trip-form", novalidate: true, onsubmit: (event) => (event.preventDefault(), sent()) });
    for (const [name, fields] of groups) {
      add(this.node, make("fieldset", null, make("legend", null, name), make("div", { class: "asked" }, ...fields.map((each) => each.node))));
      this.#fields.push(...fields);
    }
    add(this.node, this.#complaint, make("div", { class: "deeds" }, this.#button));
    for (const field of this.#fields) {
      field.value = values[field.path] ?? "";
      if (field instanceof AirportField && field.value) void field.recall();
    }
  }

  #portal;
  #complaint;
  #button;
  #origin;
  #departure;
  /** @type {Field[]} */
  #fields = [];

  /** Whose clock the departure is told by, once that is known. */
  #sayWhere() {
    const { words, times } = this.#portal;
    const { airport } = this.#origin;
    this.#departure.hint(airport ? words.create.departureAt(airport.city, times.clock(this.#portal.now(), airport.timezone)) : words.create.departureHint);
  }

  /** What was typed, by path. @returns {Values} */
  values() {
    return Object.fromEntries(this.#fields.map((each) => [each.path, each.value]));
  }

  /** @param {string} idempotencyKey  @returns {Api.CreateTripInput} */
  input(idempotencyKey) {
    const given = this.values();
    const text = (/** @type {string} */ path) => given[path]?.trim() ?? "";
    const language = /** @type {Api.Language | ""} */ (text("traveller.language"));
    return {
      idempotencyKey,
      traveller: { name: text("traveller.name"), phone: text("traveller.phone"), language: language || null },
      flight: text("flight"),
      origin: text("origin"),
      destination: text("destination"),
      departure: text("departure"),
      reference: text("reference") || null,
      lodging: text("lodging") || null,
      notes: text("notes") || null,
    };
  }

  /** What is wrong before the server sees it. */
  wrong = () => check(this.input(""));

  /**
   * Each refusal at its field; what belongs to none above the button. The first is gone to.
   * @param {Refusal[]} refusals
   */
  complain(refusals) {
    const { words } = this.#portal;
    const asked = new Map(this.#fields.map((each) => [each.path, each]));
    for (const field of this.#fields) field.complain("");
    const rest = [];
    for (const each of refusals) {
      const field = asked.get(each.path.join("."));
      if (!field) rest.push(reason(words, each));
      else if (!field.isWrong) field.complain(field.value.trim() || !field.control.required ? reason(words, each) : words.create.missing);
    }
    this.say(...rest.map((each) => make("p", { class: "wrong-text" }, each)));
    this.#fields.find((each) => each.isWrong)?.control.focus();
  }

  /** @param {...import("../dom.js").Child} what  above the button */
  say(...what) {
    this.#complaint.replaceChildren();
    add(this.#complaint, ...what);
  }

  /** @param {boolean} busy  on its way; who presses again is not heard */
  busy(busy) {
    this.#button.disabled = busy;
    this.#button.textContent = busy ? this.#portal.words.create.making : this.#portal.words.create.make;
    mark(this.node, "aria-busy", busy ? "true" : null);
  }

  focus() {
    this.#fields[0]?.control.focus();
  }
}
