// @ts-check
/** One trip: how it stands, what happened and what did not, what the traveller saw, and what can be done. */

import { flightOf } from "../board/facts.js";
import { last } from "../board/kept.js";
import { add, make, once, say } from "../dom.js";
import { empty, failed, loading } from "../notice.js";
import { Chat } from "../trip/chat.js";
import { Deeds } from "../trip/deeds.js";
import { TripFile } from "../trip/file.js";
import { Head } from "../trip/head.js";
import { TimeLine } from "../trip/timeline.js";

/** Events of one moment are read together, in milliseconds. */
const GATHER = 200;
/** What passes by itself, such as a state that depends on the time, comes with no event: it is read again. */
const REREAD = 60_000;
const AGE = 10_000;

/** @type {import("../router.js").Show} */
export function show(place, params, portal) {
  const { words } = portal;
  const id = params.rest[0] ?? "";
  const file = new TripFile(portal, id);
  const head = new Head(portal);
  const deeds = new Deeds(portal, soon);
  const line = new TimeLine(portal);
  const chat = new Chat(portal, soon);
  const more = make("button", { type: "button", onclick: () => void once(more, earlier) }, words.trip.earlier);
  const below = make("div", { class: "below" }, more);
  const body = make("div", { class: "trip-body" }, chat.node, make("div", { class: "trip-story" }, line.node, below));
  const notice = make("div", null, loading(portal));
  const known = portal.store.get(id);
  let left = false;
  say(head.title, known ? `${flightOf(known)} · ${known.traveller.name}` : words.trip.title);
  add(place, make("p", { class: "back" }, make("a", { href: portal.router.address("board", [], new URLSearchParams(last(portal)?.query)) }, words.trip.back)), head.node, deeds.node, body, notice);
  body.hidden = true;

  /** @param {() => Promise<import("../api.js").Fault | null>} reading */
  async function read(reading) {
    const fault = await reading();
    if (left) return;
    // What is shown stays: that it may be old, the line above says.
    if (!fault) draw();
    else if (!file.trip) notice.replaceChildren(failed(portal, fault, () => (head.title.focus(), begin())));
  }

  /** @returns {Promise<void>} */
  async function earlier() {
    const fault = await file.more();
    if (left) return;
    if (fault) notice.replaceChildren(failed(portal, fault, () => (more.focus(), void once(more, earlier))));
    else draw();
  }

  function begin() {
    notice.replaceChildren(loading(portal));
    void read(() => file.read());
  }

  function draw() {
    const { trip } = file;
    body.hidden = !trip;
    if (!trip) {
      say(head.title, words.trip.missing);
      return notice.replaceChildren(empty("", words.trip.missingHint));
    }
    notice.replaceChildren();
    drawHead();
    deeds.draw(trip);
    line.draw(file);
    chat.draw(file);
    const held = document.activeElement === more;
    below.hidden = !file.hasMore;
    if (held && below.hidden) line.node.focus({ preventScroll: true });
  }

  function drawHead() {
    const live = portal.store.get(id);
    if (!file.trip || !live) return;
    head.draw(file.trip, live);
    document.title = `${head.title.textContent} · ${words.portal.name}`;
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let gathering;
  function soon() {
    if (gathering === undefined) gathering = setTimeout(() => ((gathering = undefined), void read(() => file.read())), GATHER);
  }

  const unwatch = portal.store.watch((ids) => ids.has(id) && drawHead());
  const unheard = portal.live.on((event) => {
    if (event.__typename === "Resync") return soon();
    const trip = event.__typename === "NotificationUpdated" ? event.notification.trip : "trip" in event ? event.trip : null;
    if (trip?.id !== id) return;
    soon();
    const what = event.__typename === "TripStatusChanged" ? event.record.changes.map((each) => words.change[each.kind]).join(", ")
      : event.__typename === "NotificationUpdated" ? `${words.message[event.notification.type]}: ${words.state[event.notification.status]}` : "";
    if (what) portal.announce(what);
  });
  const rereading = setInterval(soon, REREAD);
  const aging = setInterval(drawHead, AGE);
  begin();
  return () => {
    left = true;
    unwatch();
    unheard();
    deeds.leave();
    clearInterval(rereading);
    clearInterval(aging);
    clearTimeout(gathering);
  };
}
