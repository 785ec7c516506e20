// @ts-check
/** An airport, found by its code, city or name: a combobox whose list the server fills. */

import { add, fresh, make, mark } from "../dom.js";
import { Field } from "./field.js";

/** @typedef {Api.Airports["airports"][number]} Airport */

/** Typing is waited for, in milliseconds, so that not every letter asks the server. */
const TYPING = 180;
const SHOWN = 8;

export class AirportField extends Field {
  /**
   * @param {import("../portal.js").Portal} portal
   * @param {string} path
   * @param {string} label
   * @param {() => void} [chosen]  another airport is meant, or none
   */
  constructor(portal, path, label, chosen = () => {}) {
    const list = make("ul", { role: "listbox", id: fresh(), "aria-label": label, hidden: true });
    const input = make("input", {
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, required: true,
      autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 60, placeholder: portal.words.create.airportHint,
    });
    super(path, label, input);
    this.#portal = portal;
    this.#list = list;
    this.#input = input;
    this.#chosen = chosen;
    add(this.node, list);
    input.addEventListener("input", () => this.#typed());
    input.addEventListener("keydown", (event) => this.#pressed(event));
    input.addEventListener("blur", () => this.#left());
  }

  /** What is meant, where that is known. @type {Airport | null} */
  airport = null;
  #portal;
  #list;
  #input;
  #chosen;
  /** @type {Airport[]} */
  #found = [];
  #active = -1;
  #asked = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  #typed() {
    this.#mean(null);
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#ask(true), TYPING);
  }

  /** Find out which airport a text means that nobody typed just now. */
  recall = () => this.#ask(false);

  /** @param {boolean} open  show what was found */
  async #ask(open) {
    const text = this.value.trim();
    this.#asked = text;
    if (!text) return this.#show([]);
    const { data } = await this.#portal.ask("Airports", { search: text, first: SHOWN });
    if (this.#asked !== text || !data) return;
    const exact = data.airports.find((each) => [each.code, each.icao].includes(text.toUpperCase()));
    if (exact) this.#mean(exact);
    this.#found = data.airports;
    if (open && document.activeElement === this.#input) this.#show(data.airports);
  }

  /** @param {Airport | null} airport */
  #mean(airport) {
    this.airport = airport;
    this.hint(airport ? `${airport.city} · ${airport.name}` : "");
    this.#chosen();
  }

  /** @param {Airport[]} found */
  #show(found) {
    this.#found = found;
    this.#active = -1;
    this.#list.replaceChildren(
      ...found.map((each, place) => {
        const option = make("li", { role: "option", id: fresh(), "aria-selected": "false" }, make("b", null, each.code), make("span", null, `${each.city} · ${each.name}`));
        // A pointer that goes down would take the focus away before it is a click.
        option.addEventListener("pointerdown", (event) => event.preventDefault());
        option.addEventListener("click", () => this.#take(place));
        return option;
      }),
    );
    this.#list.hidden = !found.length;
    mark(this.#input, "aria-expanded", String(found.length > 0));
    mark(this.#input, "aria-activedescendant", null);
    if (found.length) this.#portal.announce(this.#portal.words.create.airportsFound(found.length));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (this.#list.hidden) return void this.#ask(true);
      this.#point((this.#active + (key === "ArrowDown" ? 1 : -1) + this.#found.length + (this.#active < 0 && key === "ArrowUp" ? 1 : 0)) % this.#found.length);
    } else if (key === "Enter" && !this.#list.hidden && this.#active >= 0) {
      event.preventDefault();
      this.#take(this.#active);
    } else if (key === "Escape" && !this.#list.hidden) {
      event.preventDefault();
      this.#close();
    }
  }

  /** @param {number} place */
  #point(place) {
    this.#active = place;
    for (const [at, option] of [...this.#list.children].entries()) {
      mark(option, "aria-selected", String(at === place));
      if (at !== place) continue;
      mark(this.#input, "aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
  }

  /** @param {number} place */
  #take(place) {
    const airport = this.#found[place];
    if (!airport) return;
    this.value = airport.code;
    this.#asked = airport.code;
    this.complain("");
    this.#mean(airport);
    this.#close();
  }

  /** What somebody walked to is meant, also when they go on by Tab; what merely stands there is not. */
  #left() {
    if (this.#active >= 0 && !this.#list.hidden) this.#take(this.#active);
    this.#close();
    if (!this.airport && this.value.trim()) void this.recall();
  }

  #close() {
    clearTimeout(this.#typing);
    this.#list.hidden = true;
    this.#active = -1;
    mark(this.#input, "aria-expanded", "false");
    mark(this.#input, "aria-activedescendant", null);
  }
}
