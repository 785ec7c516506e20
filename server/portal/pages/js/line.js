// @ts-check
/** How the line to the server is, and what stops the agency's messages. */

import { add, make, part, say } from "./dom.js";

/** How often it is looked how long ago that was, in milliseconds. */
const EVERY = 5000;

/** @typedef {import("./portal.js").Portal} Portal */

/** @param {Portal} portal */
export function drawLine(portal) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;
  // One button for good, until the line is back: one that is made anew at every try lets go of the focus.
  const again = make("button", { type: "button", class: "quiet", onclick: () => portal.live.retry() });
  const draw = () => {
    clearInterval(ticking);
    const place = part("line");
    const { words, who, live } = portal;
    const { state, since } = live.line;
    place.hidden = !who;
    place.dataset.state = state;
    const held = document.activeElement === again;
    place.replaceChildren();
    if (!who) return;
    const text = make("span", { class: "line-text" }, since === null ? words.line[state === "lost" ? "opening" : state] : words.line.lost(portal.times.clock(since)));
    add(place, make("span", { class: "lamp", "aria-hidden": "true" }), text);
    if (since !== null) {
      // It grows by itself, which nobody wants to be told each minute.
      const ago = make("span", { "aria-live": "off" });
      const tick = () => say(ago, words.line.ago(portal.times.span(Date.now() - since)));
      tick();
      ticking = setInterval(tick, EVERY);
      add(text, " · ", ago);
    }
    again.textContent = words.line.retry;
    if (since !== null) add(place, again);
    if (held) (again.isConnected ? again : part("main")).focus();
    for (const pause of portal.pauses) add(place, make("span", { class: "pause", title: pause.errorMessage }, words.line.paused(pause.channel)));
    if (who.agency.status === "SUSPENDED") add(place, make("span", { class: "pause" }, words.line.suspended));
  };
  portal.live.watch(draw);
  portal.watch(draw);
}
