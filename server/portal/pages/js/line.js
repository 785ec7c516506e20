// @ts-check
/** How the line to the server is, and what stops the agency's messages. */

import { add, make, part } from "./dom.js";

/** @typedef {import("./portal.js").Portal} Portal */

/** @param {Portal} portal */
export function drawLine(portal) {
  const draw = () => {
    const place = part("line");
    const { words, who, live } = portal;
    const { state, since } = live.line;
    place.hidden = !who;
    place.dataset.state = state;
    place.replaceChildren();
    if (!who) return;
    const text = state === "lost" || since !== null ? lost(portal) : words.line[state];
    add(place, make("span", { class: "lamp", "aria-hidden": "true" }), make("span", { class: "line-text" }, text));
    if (state === "lost") add(place, make("button", { type: "button", class: "quiet", onclick: () => live.retry() }, words.line.retry));
    for (const pause of portal.pauses) add(place, make("span", { class: "pause", title: pause.errorMessage }, words.line.paused(pause.channel)));
    if (who.agency.status === "SUSPENDED") add(place, make("span", { class: "pause" }, words.line.suspended));
  };
  portal.live.watch(draw);
  portal.watch(draw);
}

/** @param {Portal} portal */
function lost({ words, times, live }) {
  return words.line.lost(times.clock(live.line.since ?? Date.now()));
}
