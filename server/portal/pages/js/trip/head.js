// @ts-check
/** Which trip it is and how it stands now: flight, route with local times, traveller, and what is known since when. */

import { arrivesAt, departsAt, flightOf, mood, toldDiffers } from "../board/facts.js";
import { add, make, mark, say, unseen } from "../dom.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {import("./file.js").Trip} Trip */
/** @typedef {Api.BoardTrip["flight"]["departure"]} End */

export class Head {
  /** @param {Portal} portal */
  constructor(portal) {
    this.#portal = portal;
    this.node = make("div", { class: "trip-head" }, make("div", { class: "trip-title" }, this.title, this.#state), this.#route, this.#facts);
  }

  #portal;
  title = make("h1");
  #state = make("p", { class: "trip-state" });
  #route = make("div", { class: "trip-route" });
  #facts = make("dl", { class: "trip-facts" });

  /**
   * @param {Trip} trip  as last read
   * @param {Api.BoardTrip} live  the newest that events brought
   */
  draw(trip, live) {
    const { words } = this.#portal;
    mark(this.node, "data-mood", mood(live));
    say(this.title, `${flightOf(live)} · ${live.traveller.name}`);
    const onGround = live.status === "UPCOMING" || live.status === "DEPARTING";
    const text = onGround && live.flight.phase !== "SCHEDULED" ? words.phase[live.flight.phase] : words.status[live.status];
    this.#state.replaceChildren(make("i", { class: "shape", "aria-hidden": "true" }), make("span", null, text));
    const late = live.flight.departureDelayMinutes ?? 0;
    if (late) add(this.#state, make("span", { class: "delay" }, late > 0 ? words.board.minutesLate(late) : words.board.minutesEarly(-late)));
    this.#drawRoute(live);
    this.#drawFacts(trip, live);
  }

  /** @param {Api.BoardTrip} live */
  #drawRoute(live) {
    const { departure, arrival, progressPercent } = live.flight;
    const flown = live.status === "LANDED" ? 100 : (progressPercent ?? 0);
    const line = make("div", { class: "way", "aria-hidden": "true" }, make("i"));
    line.style.setProperty("--flown", `${flown}%`);
    const leaves = new Date(departsAt(live)).toISOString();
    this.#route.replaceChildren(this.#end(departure, leaves, "leaves"), line, this.#end(arrival, arrivesAt(live), "comes"));
  }

  /**
   * @param {End} end
   * @param {string | null} at
   * @param {"leaves" | "comes"} which
   */
  #end(end, at, which) {
    const { words, times } = this.#portal;
    const zone = end.airport.timezone;
    const booked = end.scheduledAt && times.clock(end.scheduledAt, zone);
    const now = at ? times.clock(at, zone) : "–";
    const place = [end.terminal && words.trip.terminal(end.terminal), end.gate ? words.board.toldGate(end.gate) : which === "leaves" && words.board.noGate].filter(Boolean).join(" · ");
    return make(
      "div",
      { class: `end ${which}` },
      make("p", { class: "end-code" }, unseen(words.trip[which]), end.airport.code),
      make("p", { class: "end-city" }, end.airport.city),
      make("p", { class: "end-time" }, at ? make("time", { datetime: at }, now) : now, booked && booked !== now && make("s", null, unseen(words.board.booked("")), booked)),
      make("p", { class: "end-day" }, at ? `${times.day(at, zone)} · ${words.trip.localTime}` : words.trip.notKnown),
      place && make("p", { class: "end-gate" }, place),
    );
  }

  /**
   * @param {Trip} trip
   * @param {Api.BoardTrip} live
   */
  #drawFacts(trip, live) {
    const { words, times } = this.#portal;
    const { flight, told, traveller } = live;
    const zone = flight.departure.airport.timezone;
    const now = this.#portal.now();
    const ago = flight.lastCheckedAt && words.board.staleShort(times.span(now - Date.parse(flight.lastCheckedAt)));
    const next = trip.flight.nextCheckAt && !live.archivedAt && words.trip.nextLook(times.span(Date.parse(trip.flight.nextCheckAt) - now));
    const heard = told.cancelled ? words.board.toldCancelled
      : told.landed ? words.board.toldLanded
        : [told.departureAt && words.trip.toldDeparture(times.whole(told.departureAt, zone), flight.departure.airport.code), told.gate && words.board.toldGate(told.gate)].filter(Boolean).join(" · ");
    /** @type {[string, import("../dom.js").Child[]][]} */
    const facts = [
      [words.trip.fact.traveller, [make("span", null, traveller.phone), " ", make("span", { class: "hint" }, words.trip.languages[trip.traveller.language]), traveller.optedOut && make("span", { class: "tag" }, words.board.optedOut)]],
      [words.trip.fact.told, [heard || words.board.toldNothing, toldDiffers(live, this.#portal.threshold) && make("span", { class: "tag differs" }, words.board.toldDiffers)]],
      [words.trip.fact.seen, [make("span", { class: flight.stale ? "old" : "" }, ago || words.board.never), next && ` · ${next}`, flight.lastFailure && make("span", { class: "failure", title: flight.lastFailure }, this.#failure(flight.lastFailure))]],
      [words.trip.fact.belt, [trip.flight.arrival.baggageClaim]],
      [words.trip.fact.reference, [live.reference]],
      [words.trip.fact.lodging, [trip.lodging]],
      [words.trip.fact.notes, [trip.notes]],
    ];
    this.#facts.replaceChildren(
      ...facts.filter(([, said]) => said.some(Boolean)).map(([name, said]) => make("div", null, make("dt", null, name), make("dd", null, ...said))),
    );
  }

  /**
   * Why the last look brought nothing: a name that has words, then a detail in English.
   * @param {string} said
   */
  #failure(said) {
    /** @type {Record<string, string>} */
    const known = this.#portal.words.trip.failure;
    return known[said.split(":", 1)[0] ?? ""] ?? said;
  }
}
