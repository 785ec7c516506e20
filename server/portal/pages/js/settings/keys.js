// @ts-check
/** The agency's keys: made, replaced while the old one still opens, and ended. */

import { add, make, say } from "../dom.js";
import { failed, loading } from "../notice.js";
import * as session from "../session.js";
import { makeKey, replaceKey, revokeKey } from "./key_dialogs.js";
import { all, hold, secretOf } from "./secret.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {Api.Key} Key */

/** Shows a secret in the view that is there now, which may be another one than that in which its key was asked for. @type {((made: import("./secret.js").Made) => void) | null} */
let here = null;

/**
 * @param {HTMLElement} place
 * @param {Portal} portal
 * @returns {import("../router.js").Leave}
 */
export function keys(place, portal) {
  const words = portal.words.settings;
  if (portal.who?.viewer.role !== "ADMIN") {
    place.replaceChildren(make("p", { class: "needs" }, words.needsAdmin));
    return () => {};
  }
  let left = false;
  const key = session.key();
  const shown = make("div", { class: "secrets" });
  const list = make("div", null, loading(portal));
  const state = make("p", { class: "state", role: "status" });
  const make_ = make("button", { type: "button", class: "main", onclick: () => makeKey(portal, made) }, words.makeKey);
  place.replaceChildren(make("div", { class: "actions" }, make_, state), shown, list);
  for (const each of all()) add(shown, panel(each).node);
  tell();
  here = show;
  void read();

  async function read() {
    const { data, fault } = await portal.ask("Keys", {});
    if (left) return;
    if (!data) return list.replaceChildren(failed(portal, fault, () => void read()));
    const now = portal.now();
    const [live, over] = [data.agency.apiKeys.filter((key) => !isOver(key, now)), data.agency.apiKeys.filter((key) => isOver(key, now))];
    list.replaceChildren(table(live, words.liveKeys));
    if (over.length) add(list, make("details", null, make("summary", null, words.overKeys(over.length)), table(over, words.overKeys(over.length))));
  }

  /**
   * @param {string} secret
   * @param {string} name
   * @param {string} [said]
   */
  function made(secret, name, said = "") {
    // Whoever signed out meanwhile is not there to keep it, and the next one shall not see it.
    if (session.key() !== key) return;
    hold(portal, { secret, name, said });
    here?.({ secret, name, said });
  }

  /** @param {import("./secret.js").Made} made */
  function panel({ secret, name }) {
    return secretOf(portal, secret, name, () => make_.focus());
  }

  /** @param {import("./secret.js").Made} made */
  function show(made) {
    const shining = panel(made);
    add(shown, shining.node);
    shining.focus();
    tell();
    void read();
  }

  /** What is to be known of the keys before those whose secrets are still shown. */
  function tell() {
    say(state, all().map(({ said }) => said).filter(Boolean).join(" "));
  }

  /**
   * @param {Key[]} all
   * @param {string} caption
   */
  function table(all, caption) {
    const heads = [words.keyName, words.keyRole, words.keyPrefix, words.keyUsed, words.keyEnds].map((text) => make("th", { scope: "col" }, text));
    const rows = all.map((key) => line(key));
    return make("div", { class: "wide" }, make("table", { class: "figures keys" }, make("caption", { class: "unseen" }, caption), make("thead", null, make("tr", null, ...heads, make("td"))), make("tbody", null, ...rows)));
  }

  /** @param {Key} key */
  function line(key) {
    const { times, words: all } = portal;
    const mine = isMine(key);
    const ended = () => (say(state, words.keyEnded(key.name)), make_.focus(), void read());
    const actions = isOver(key, portal.now())
      ? make("td")
      : make(
          "td",
          null,
          make(
            "div",
            { class: "actions" },
            make("button", { type: "button", "aria-label": words.replaceNamed(key.name), onclick: () => replaceKey(portal, key, made) }, words.replaceKey),
            make("button", { type: "button", class: "danger", "aria-label": words.revokeNamed(key.name), onclick: () => revokeKey(portal, key, mine, ended) }, words.revokeKey),
          ),
        );
    const end = key.revokedAt ?? key.expiresAt;
    return make(
      "tr",
      { "data-key": key.name },
      make("th", { scope: "row" }, key.name, mine && make("span", { class: "tag" }, words.thisKey)),
      make("td", { "data-label": words.keyRole }, all.role[key.role]),
      make("td", { "data-label": words.keyPrefix }, make("code", null, `${key.prefix}…`)),
      make("td", { "data-label": words.keyUsed }, key.lastUsedAt ? times.whole(key.lastUsedAt) : words.neverUsed),
      make("td", { "data-label": words.keyEnds }, end ? times.whole(end) : words.neverEnds),
      actions,
    );
  }

  return () => {
    left = true;
    if (here === show) here = null;
  };
}

/**
 * @param {Key} key
 * @param {number} now
 */
const isOver = (key, now) => key.revokedAt !== null || (key.expiresAt !== null && Date.parse(key.expiresAt) <= now);

/** Whether somebody looks with this key. @param {Key} key */
const isMine = (key) => (session.key() ?? "").startsWith(key.prefix);
