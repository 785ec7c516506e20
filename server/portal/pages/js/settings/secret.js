// @ts-check
/** A secret that is shown this once: nobody keeps it, and with the page it is gone. */

import { make, say } from "../dom.js";
import { Input } from "./input.js";

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
  const close = make("button", { type: "button", onclick: () => (node.remove(), done()) }, words.secretKept);
  const node = make("section", { class: "secret", "aria-label": words.secretOf(name) }, new Input(words.secretOf(name), field, { hint: words.secretHint }).node, make("div", { class: "actions" }, copy, close, copied));
  return { node, focus: () => copy.focus() };
}
