// @ts-check
/** A new trip. */

import { add, make } from "../dom.js";
import { said } from "../notice.js";
import * as drafts from "../trips/draft.js";
import { TripForm } from "../trips/form.js";
import { needsAgent } from "../trips/role.js";
import { hold } from "../unsaved.js";

/** What the next traveller on the same flight has in common with the last. */
const SAME = ["flight", "origin", "destination", "departure"];

/** @type {import("../router.js").Show} */
export function show(place, _params, portal) {
  const { words, router, times } = portal;
  add(place, make("h1", null, words.create.title));
  const closed = needsAgent(portal);
  if (closed) return add(place, closed), () => {};

  const agency = portal.who?.agency.id ?? "";
  let draft = drafts.kept(agency);
  let sending = false;
  let left = false;
  const made = make("div", { class: "made", role: "status" });
  let form = fresh();
  add(place, make("p", { class: "hint lead" }, words.create.lead), made, form.node);

  function fresh() {
    const begun = new TripForm(portal, draft.values, () => void send());
    begun.node.addEventListener("input", () => hold(agency, "new", "trip", Object.values(begun.values()).some((each) => each.trim())));
    return begun;
  }

  async function send() {
    if (sending) return;
    const wrong = form.wrong();
    if (wrong.length) return form.complain(wrong);
    sending = true;
    form.complain([]);
    form.busy(true);
    draft.values = form.values();
    const { data, fault } = await portal.ask("CreateTrip", { input: form.input(draft.key) });
    sending = false;
    if (data?.createTrip.trip) {
      drafts.begin(agency);
      hold(agency, "new", "trip", false);
      if (!left) done(data.createTrip.trip);
      return;
    }
    if (left) return;
    form.busy(false);
    // Nobody knows whether the trip was made; the same key finds out.
    if (fault) return form.say(make("p", { class: "wrong-text" }, said(portal, fault)), make("p", { class: "hint" }, words.create.again));
    const refusals = data.createTrip.userErrors;
    if (refusals.some((each) => each.code === "CONFLICT")) return conflict();
    form.complain(refusals);
  }

  /** An earlier try, whose answer got lost, made a trip after all; what stands here now is another one. */
  function conflict() {
    const search = new URLSearchParams({ search: form.values()["traveller.name"] ?? "" });
    draft = drafts.begin(agency, form.values());
    form.say(make("p", { class: "wrong-text" }, words.create.conflict), make("a", { href: router.address("board", [], search) }, words.create.conflictLook));
  }

  /** @param {Api.MadeTrip} trip */
  function done({ id, traveller, flight: { ident, identIata, departure, arrival } }) {
    const when = departure.scheduledAt ? times.whole(departure.scheduledAt, departure.airport.timezone) : "";
    const last = draft.values;
    const link = make("a", { href: router.address("trip", [id]) }, words.create.open);
    const same = () => next(Object.fromEntries(SAME.map((each) => [each, last[each] ?? ""])));
    made.replaceChildren(
      make("h2", null, words.create.made),
      make("p", { class: "made-what" }, make("b", null, traveller.name), make("span", null, `${identIata ?? ident} · ${departure.airport.code} – ${arrival.airport.code}`), make("span", null, when)),
      make("div", { class: "deeds" }, link, make("button", { type: "button", onclick: same }, words.create.sameFlight), make("button", { type: "button", onclick: () => next({}) }, words.create.another)),
    );
    form.node.hidden = true;
    link.focus();
  }

  /** @param {Record<string, string>} values */
  function next(values) {
    draft = drafts.begin(agency, values);
    const old = form;
    form = fresh();
    old.node.replaceWith(form.node);
    made.replaceChildren();
    form.focus();
  }

  return () => {
    left = true;
    if (!form.node.hidden) draft.values = form.values();
  };
}
