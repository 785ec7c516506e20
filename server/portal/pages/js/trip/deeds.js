// @ts-check
/** What can be done about a trip, and what was refused of it. Whoever may only look sees nothing of this. */

import { make, once, part, say } from "../dom.js";
import { archive, editTrip, recordStatus } from "./forms.js";
import { mayOrder, order } from "./order.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {import("./file.js").Trip} Trip */

/** A look is made a moment after it was ordered, and brings no event where it found nothing new: it is asked after, in milliseconds. */
const ASK_AFTER = [1500, 4000, 10_000];

export class Deeds {
  /**
   * @param {Portal} portal
   * @param {() => void} changed
   */
  constructor(portal, changed) {
    const { words } = portal;
    this.#portal = portal;
    this.#changed = changed;
    this.#archived = make("p", { class: "hint archived", hidden: true }, words.trip.isArchived);
    this.#check = this.#button(words.trip.check, () => void once(this.#check, () => this.#look()));
    this.#buttons = make(
      "div",
      { class: "deeds-row", role: "group", "aria-label": words.trip.deeds },
      this.#check,
      this.#button(words.trip.record.open, () => this.#open(recordStatus, words.trip.done.RecordFlightStatus)),
      this.#button(words.trip.edit.open, () => this.#open(editTrip, words.trip.done.UpdateTrip)),
      this.#button(words.trip.archive.open, () => this.#open(archive, words.trip.done.ArchiveTrip)),
    );
    this.node = make("div", { class: "deeds", hidden: true }, this.#archived, this.#buttons, this.#refused, this.#said);
  }

  #portal;
  #changed;
  #check;
  #buttons;
  #archived;
  #refused = make("p", { class: "wrong-text refused", role: "alert" });
  #said = make("p", { class: "hint", role: "status" });
  /** @type {Trip | null} */
  #trip = null;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #asking = [];

  /** @param {Trip} trip */
  draw(trip) {
    this.#trip = trip;
    const isArchived = trip.archivedAt !== null;
    const held = this.#buttons.contains(document.activeElement);
    this.#archived.hidden = !isArchived;
    this.#buttons.hidden = isArchived || !mayOrder(this.#portal);
    this.node.hidden = !isArchived && !mayOrder(this.#portal);
    if (held && this.#buttons.hidden) part("main").querySelector("h1")?.focus();
  }

  leave() {
    for (const timer of this.#asking) clearTimeout(timer);
  }

  /**
   * @param {string} text
   * @param {() => void} onclick
   */
  #button(text, onclick) {
    return make("button", { type: "button", onclick }, text);
  }

  async #look() {
    if (!this.#trip) return;
    this.#tell("", "");
    const refused = await order(this.#portal, "CheckTrip", { tripId: this.#trip.id });
    if (refused.length) return this.#tell(refused.map((each) => each.text).join(" "), "");
    this.#tell("", this.#portal.words.trip.done.CheckTrip);
    this.leave();
    this.#asking = ASK_AFTER.map((wait) => setTimeout(this.#changed, wait));
  }

  /**
   * @param {(portal: Portal, trip: Trip, done: () => void) => void} form
   * @param {string} done
   */
  #open(form, done) {
    if (!this.#trip) return;
    this.#tell("", "");
    form(this.#portal, this.#trip, () => {
      this.#tell("", done);
      this.#changed();
    });
  }

  /**
   * @param {string} refused
   * @param {string} done
   */
  #tell(refused, done) {
    say(this.#refused, refused);
    say(this.#said, done);
  }
}
