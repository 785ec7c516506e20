// @ts-check
/** A secret that is shown this once: nobody keeps it, and with the page, or whoever looks, it is gone. */

import { make, say } from "../dom.js";
import { Input } from "./input.js";

/** @typedef {{ secret: string, name: string, said: string }} Made  with what was said of the key before it */

/** What nobody has said to have kept: it outlives another view and another language. @type {Map<string, Made>} */
const unkept = new Map();
/** @type {(() => void) | undefined} */
let forgetting;

/** In the order in which they were made. */
export const all = () => [...unkept.values()];

/**
 * @param {import("../portal.js").Portal} portal
 * @param {Made} made
 */
export function hold(portal, made) {
  unkept.set(made.secret, made);
  forgetting ??= portal.watch(() => portal.who || unkept.clear());
}

/**
 * @param {import("../portal.js").Portal} portal
 * @param {string} secret
 * @param {string} name  of its key
 * @param {() => void} done
 */
export function secretOf(portal, secret, name, done) {
  const words = portal.words.settings;
  const field = make("input", { name: "secret", readonly: true, value: secret, spellcheck: "false", autocomplete: "off" });
  const copied = make("span", { role: "status" });
  const copy = make("button", { type: "button", class: "main", onclick: () => void take() }, words.copy);
  async function take() {
    field.select();
    try {
      await navigator.clipboard.writeText(secret);
      say(copied, words.copied);
    } catch {
      // A browser may refuse; what is selected can be copied by hand.
      say(copied, words.copyByHand);
    }
  }
  const close = make("button", { type: "button", onclick: () => (unkept.delete(secret), node.remove(), done()) }, words.secretKept);
  const node = make("section", { class: "secret", "aria-label": words.secretOf(name) }, new Input(words.secretOf(name), field, { hint: words.secretHint }).node, make("div", { class: "actions" }, copy, close, copied));
  return { node, focus: () => copy.focus() };
}
