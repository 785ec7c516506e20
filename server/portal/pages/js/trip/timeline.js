// @ts-check
/** The time line: on one side what the flight did, on the other what the traveller was told, or was not, and why. */

import { add, make, unseen } from "../dom.js";
import { millis } from "../time.js";
import { changeLine, changeText } from "./changes.js";
import { Kept } from "./kept.js";
import { isUnsent, isWaiting, story } from "./story.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {import("./story.js").Entry} Entry */
/** @typedef {import("./file.js").Message} Message */
/** @typedef {import("./file.js").Trip} Trip */

export class TimeLine {
  /** @param {Portal} portal */
  constructor(portal) {
    this.#portal = portal;
    const list = make("ol", { class: "story" });
    this.#list = new Kept(list);
    this.#sides = make("div", { class: "sides" });
    this.node = make("section", { class: "time-line", tabindex: -1, "aria-label": portal.words.trip.timeline }, this.#sides, list);
  }

  #portal;
  #list;
  #sides;

  /** @param {import("./file.js").TripFile} file */
  draw(file) {
    const { trip } = file;
    if (!trip) return;
    const { words, times } = this.#portal;
    const { airport } = trip.flight.departure;
    this.#sides.replaceChildren(
      make("h2", { class: "side-fact" }, words.trip.flightSide),
      make("p", { class: "side-zone", title: words.trip.timesAt(`${airport.city} ${airport.code}`) }, make("b", null, airport.code), " ", words.trip.localTime),
      make("h2", { class: "side-word" }, words.trip.wordSide),
    );
    const { ahead, past } = story(file);
    /** @type {import("./kept.js").Item[]} */
    const items = [];
    let day = "";
    for (const entry of [...ahead, null, ...past]) {
      if (entry === null) {
        if (ahead.length) items.push({ key: "now", what: "", make: () => make("li", { class: "now" }, make("span", null, words.trip.now)) });
        day = times.date(this.#portal.now(), airport.timezone);
        continue;
      }
      const its = times.date(entry.at, airport.timezone);
      if (its !== day) items.push({ key: `${ahead.includes(entry) ? "to" : "on"} ${its}`, what: its, make: () => make("li", { class: "day-mark" }, make("span", null, times.day(entry.at, airport.timezone))) });
      day = its;
      items.push({ key: entry.key, what: JSON.stringify(entry), make: () => this.#entry(trip, entry) });
    }
    this.#list.draw(items);
  }

  /**
   * @param {Trip} trip
   * @param {Entry} entry
   */
  #entry(trip, entry) {
    const zone = trip.flight.departure.airport.timezone;
    const { times } = this.#portal;
    const side = entry.kind === "word" ? "word" : "fact";
    const card = entry.kind === "fact" ? this.#fact(trip, entry.record) : entry.kind === "word" ? this.#word(trip, entry.message) : this.#own(entry.kind);
    const when = make("time", { class: "when", datetime: new Date(entry.at).toISOString(), title: times.whole(entry.at, zone) }, times.clock(entry.at, zone));
    return make("li", { class: `entry ${side}`, "data-kind": entry.kind, "data-state": entry.kind === "word" ? look(entry.message) : null }, when, card);
  }

  /** @param {"made" | "archived"} kind */
  #own(kind) {
    return make("div", { class: "card" }, make("h3", null, this.#portal.words.trip[kind]));
  }

  /**
   * @param {Trip} trip
   * @param {import("./file.js").StatusRecord} record
   */
  #fact(trip, { source, changes }) {
    const { words } = this.#portal;
    const lines = changes.map((each) => changeLine(this.#portal, trip.flight, each));
    const card = make("div", { class: "card", "data-source": source }, make("h3", null, words.trip.source[source]));
    add(card, lines.length ? make("ul", { class: "changes" }, ...lines) : make("p", { class: "hint" }, words.trip.noChange));
    return card;
  }

  /**
   * @param {Trip} trip
   * @param {Message} message
   */
  #word(trip, message) {
    const { words } = this.#portal;
    const [state, why] = [words.state[message.status], message.reason && words.reason[message.reason]];
    const because = message.causedBy?.changes.map((each) => changeText(this.#portal, trip.flight, each)).join(", ");
    const card = make("div", { class: "card" }, make("h3", null, words.message[message.type]));
    if (isUnsent(message)) add(card, make("p", { class: "not-sent" }, make("b", null, words.trip.notSent), why && `: ${why}`));
    else if (why || isWaiting(message) || !message.acceptedAt) add(card, make("p", { class: "stands" }, make("b", null, state), why && `: ${why}`));
    add(card, this.#stages(trip, message));
    if (because) add(card, make("p", { class: "hint cause" }, words.trip.causedBy(because)));
    if (isUnsent(message) && message.body) add(card, make("details", { class: "would" }, make("summary", null, words.trip.wouldSay), make("p", { class: "would-say", lang: message.language.toLowerCase() }, message.body)));
    return card;
  }

  /**
   * From the decision to the eye that read it; what has not come is hollow.
   * @param {Trip} trip
   * @param {Message} message
   */
  #stages(trip, message) {
    const { words, times } = this.#portal;
    const zone = trip.flight.departure.airport.timezone;
    /** @type {[keyof typeof words.trip.stage, string | null][]} */
    const stages = [["decided", message.createdAt]];
    if (isUnsent(message)) stages.push(["dropped", message.updatedAt]);
    else stages.push(["sent", message.acceptedAt], ["delivered", message.deliveredAt]);
    if (!isUnsent(message) && message.channel === "WHATSAPP") stages.push(["read", message.readAt]);
    return make(
      "ol",
      { class: "stages" },
      ...stages.map(([name, at]) =>
        make(
          "li",
          { "data-stage": name, "data-done": String(at !== null) },
          make("span", null, words.trip.stage[name]),
          at ? make("time", { datetime: at }, Math.abs(millis(at) - millis(message.createdAt)) < 43_200_000 || name === "decided" ? times.clock(at, zone) : `${times.day(at, zone)} ${times.clock(at, zone)}`) : make("span", { class: "not-yet" }, make("span", { "aria-hidden": "true" }, "–"), unseen(words.trip.notYet)),
        ),
      ),
    );
  }
}

/** How a message looks on the line. @param {Message} message */
function look(message) {
  if (isUnsent(message)) return "unsent";
  if (isWaiting(message)) return "waiting";
  return ["FAILED", "UNDELIVERED", "UNKNOWN"].includes(message.status) ? "wrong" : message.status.toLowerCase();
}
