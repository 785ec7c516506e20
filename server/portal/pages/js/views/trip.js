// @ts-check
/** One trip. */

import { add, make } from "../dom.js";

/** @type {import("../router.js").Show} */
export function show(place, params, portal) {
  const { words } = portal;
  const trip = portal.store.get(params.rest[0] ?? "");
  const title = trip ? `${trip.flight.identIata ?? trip.flight.ident} · ${trip.traveller.name}` : words.trip.title;
  add(place, make("h1", null, title), make("p", null, make("a", { href: portal.router.address("board") }, words.trip.back)));
  return () => {};
}
