// @ts-check
/** What stands where there is nothing to see: still loading, nothing there, or something went wrong. */

import { make } from "./dom.js";

/** @typedef {import("./portal.js").Portal} Portal */

/** @param {Portal} portal */
export function loading(portal) {
  const { words } = portal;
  return make("p", { class: "notice loading", role: "status" }, make("span", { class: "shapes", "aria-hidden": "true" }, make("i"), make("i"), make("i")), words.notice.loading);
}

/**
 * @param {string} title
 * @param {string} [hint]
 * @param {...import("./dom.js").Child} more
 */
export function empty(title, hint, ...more) {
  return make("div", { class: "notice" }, make("p", { class: "notice-title" }, title), hint && make("p", null, hint), ...more);
}

/**
 * What went wrong; it is tried again by whoever reads it, and by itself once the line is back.
 * @param {Portal} portal
 * @param {import("./api.js").Fault} fault
 * @param {() => void} again
 */
export function failed(portal, fault, again) {
  const node = make(
    "div",
    { class: "notice wrong", role: "alert" },
    make("p", { class: "notice-title" }, said(portal, fault)),
    make("button", { type: "button", onclick: again }, portal.words.notice.again),
  );
  let before = portal.live.line.state;
  const unwatch = portal.live.watch(({ state }) => {
    const isBack = state === "live" && before !== "live";
    before = state;
    if (!isBack) return;
    unwatch();
    if (node.isConnected) again();
  });
  return node;
}

/**
 * A fault in the reader's language.
 * @param {Portal} portal
 * @param {import("./api.js").Fault} fault
 */
export function said(portal, fault) {
  const { notice, signIn } = portal.words;
  if (fault.kind === "fault") return notice.fault(fault.message);
  return { offline: notice.offline, busy: notice.busy, refused: signIn.refused }[fault.kind];
}
