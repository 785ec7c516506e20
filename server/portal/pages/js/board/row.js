// @ts-check
/** One line of the board. It is made once; after that only what is different is written. */

import { add, make, mark, say, unseen } from "../dom.js";
import { address } from "../router.js";
import * as facts from "./facts.js";

/** @typedef {Api.BoardTrip} Trip */
/** @typedef {import("../portal.js").Portal} Portal */

export class Row {
  /**
   * @param {Trip} trip
   * @param {Portal} portal
   */
  constructor(trip, portal) {
    this.id = trip.id;
    this.trip = trip;
    this.#portal = portal;
    this.link = make("a", { href: address("trip", [trip.id]), tabindex: -1 });
    this.node = make("tr", { role: "row", "data-trip": trip.id });
    const cell = (/** @type {string} */ name) => {
      const made = name === "flight" ? make("th", { class: name, role: "rowheader", scope: "row" }) : make("td", { class: name, role: "cell" });
      if (name === "flight") add(made, this.link);
      this.node.append(made);
      return made;
    };
    for (const name of COLUMNS) this.#cells[name] = cell(name);
    this.draw(trip);
  }

  #portal;
  /** @type {Record<string, HTMLElement>} */
  #cells = {};
  /** @type {Record<string, string>} */
  #drawn = {};

  /** @param {Trip} trip */
  draw(trip) {
    this.trip = trip;
    const { words } = this.#portal;
    const mood = facts.mood(trip);
    mark(this.node, "data-mood", mood);
    say(this.link, facts.flightOf(trip));
    this.#departs(trip);
    this.#route(trip);
    this.#arrives(trip);
    const gate = facts.gateOf(trip);
    this.#write("gate", gate, () => (gate ? [gate] : [make("span", { "aria-hidden": "true" }, "–"), unseen(words.board.noGate)]));
    this.#phase(trip);
    this.#delay(trip);
    const { name, optedOut } = trip.traveller;
    this.#write("traveller", `${name}|${optedOut}`, () => [make("span", { class: "name" }, name), optedOut && make("span", { class: "tag" }, words.board.optedOut)]);
    this.#told(trip);
    this.#seen(trip);
  }

  /**
   * Write a cell anew where what it says is another thing.
   * @param {string} name
   * @param {string} what  all that it depends on
   * @param {() => import("../dom.js").Child[]} made
   */
  #write(name, what, made) {
    if (this.#drawn[name] === what) return;
    const first = this.#drawn[name] === undefined;
    this.#drawn[name] = what;
    const cell = this.#cells[name];
    if (!cell) return;
    cell.replaceChildren();
    add(cell, ...made());
    if (!first && name !== "seen" && isNear(this.node)) flash(cell);
  }

  /** @param {Trip} trip */
  #departs(trip) {
    const { times, words } = this.#portal;
    const { airport, scheduledAt } = trip.flight.departure;
    const [at, zone] = [facts.departsAt(trip), airport.timezone];
    const day = times.otherDay(at, zone, this.#portal.now());
    const booked = scheduledAt && times.clock(scheduledAt, zone);
    const expected = times.clock(at, zone);
    // Lines stand in the order of their moments, which the clocks of two places seem to contradict.
    const small = () => [day, times.otherClock(at, zone)].filter(Boolean).join(" · ");
    this.#write("departs", `${day} ${booked} ${expected} ${zone}`, () => [
      make("time", { datetime: new Date(at).toISOString() }, expected),
      booked !== expected && make("s", { title: words.board.booked(booked ?? "") }, unseen(words.board.booked("")), booked),
      small() && make("span", { class: "day" }, small()),
    ]);
  }

  /** @param {Trip} trip */
  #route({ flight: { departure, arrival } }) {
    const { words } = this.#portal;
    const [from, to] = [departure.airport, arrival.airport];
    this.#write("route", `${from.code} ${to.code}`, () => [
      make("span", { class: "codes", "aria-hidden": "true" }, make("b", null, from.code), make("i"), make("b", null, to.code)),
      make("span", { class: "cities", "aria-hidden": "true" }, `${from.city} – ${to.city}`),
      unseen(words.board.from(`${from.city} ${from.code}`, `${to.city} ${to.code}`)),
    ]);
  }

  /** @param {Trip} trip */
  #arrives(trip) {
    const { times, words } = this.#portal;
    const { airport } = trip.flight.arrival;
    const at = facts.arrivesAt(trip);
    const text = at ? times.clock(at, airport.timezone) : "–";
    const day = at ? times.otherDay(at, airport.timezone, this.#portal.now()) : "";
    this.#write("arrives", text + day, () => [make("span", { class: "arrives-at", "aria-hidden": "true" }, `${words.board.columns.arrives} `), at ? make("time", { datetime: at }, text) : text, day && make("span", { class: "day" }, day)]);
  }

  /** @param {Trip} trip */
  #phase({ status, flight }) {
    const { words } = this.#portal;
    // Before it flies, the phase says more than the trip's state; after that, the state does.
    const onGround = status === "UPCOMING" || status === "DEPARTING";
    const text = onGround && flight.phase !== "SCHEDULED" ? words.phase[flight.phase] : words.status[status];
    const far = status === "IN_FLIGHT" && flight.progressPercent !== null ? ` ${flight.progressPercent}\u00a0%` : "";
    this.#write("phase", text + far, () => [make("i", { class: "shape", "aria-hidden": "true" }), `${text}${far}`]);
  }

  /** @param {Trip} trip */
  #delay({ flight }) {
    const { words } = this.#portal;
    const late = flight.departureDelayMinutes ?? 0;
    this.#write("delay", String(late), () =>
      late === 0 ? [] : [make("span", { "aria-hidden": "true" }, `${late > 0 ? "+" : "−"}${Math.abs(late)}`), unseen(late > 0 ? words.board.minutesLate(late) : words.board.minutesEarly(-late))],
    );
  }

  /** @param {Trip} trip */
  #told(trip) {
    const { words } = this.#portal;
    const message = facts.lastMessage(trip);
    const differs = facts.toldDiffers(trip, this.#portal.threshold);
    const what = this.#toldWhat(trip, message);
    this.#write("told", `${what}|${differs}|${message?.type} ${message?.status} ${message?.reason}`, () => {
      if (!message) return [make("span", { class: "nothing" }, words.board.toldNothing)];
      const state = message.reason ? `${words.state[message.status]}: ${words.reason[message.reason]}` : words.state[message.status];
      return [
        make("span", { class: "ticks", "data-state": message.status, title: state }, make("span", { "aria-hidden": "true" }, facts.TICKS[message.status]), unseen(state)),
        make("span", { class: "about" }, words.message[message.type]),
        what && make("span", { class: "what" }, what),
        differs && make("span", { class: "tag differs", title: words.board.toldDiffers }, make("span", { "aria-hidden": "true" }, "≠"), unseen(words.board.toldDiffers)),
      ];
    });
  }

  /**
   * What the traveller last heard, where the name of the message does not say it already.
   * @param {Trip} trip
   * @param {import("./facts.js").Message | null} message
   */
  #toldWhat({ told, flight }, message) {
    const { words, times } = this.#portal;
    if (told.cancelled) return message?.type === "CANCELLED" ? "" : words.board.toldCancelled;
    if (told.landed) return message?.type === "LANDING_WELCOME" ? "" : words.board.toldLanded;
    const departs = told.departureAt && times.clock(told.departureAt, flight.departure.airport.timezone);
    return [departs, told.gate && words.board.toldGate(told.gate)].filter(Boolean).join(" · ");
  }

  /** @param {Trip} trip */
  #seen({ flight }) {
    mark(this.node, "data-stale", flight.stale ? "" : null);
    const { words, times } = this.#portal;
    const ago = flight.lastCheckedAt && times.span(this.#portal.now() - Date.parse(flight.lastCheckedAt));
    const text = ago ? words.board.staleShort(ago) : "–";
    this.#write("seen", `${text} ${flight.stale}`, () => [
      flight.stale && make("i", { class: "stale", "aria-hidden": "true" }),
      make("span", { class: flight.stale ? "old" : "", title: flight.lastFailure }, flight.stale && unseen(ago ? words.board.stale(ago) : words.board.never), make("span", { "aria-hidden": flight.stale ? "true" : null }, text)),
    ]);
  }
}

export const COLUMNS = /** @type {const} */ (["departs", "flight", "route", "arrives", "gate", "phase", "delay", "traveller", "told", "seen"]);

/**
 * Most of a long board lies outside of the window; what moves there need not shine.
 * @param {Element} row
 */
export const isNear = (row) => row.parentElement?.dataset.near !== undefined;

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {HTMLElement} cell */
function flash(cell) {
  if (!STILL.matches)
    cell.animate([{ backgroundColor: "var(--flash)" }, { backgroundColor: "transparent" }], { duration: 1600, easing: "ease-out" });
}
