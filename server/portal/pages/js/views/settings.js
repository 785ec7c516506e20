// @ts-check
/** What the agency chose: its rules, its wording, its keys and its phones, each under an address of its own. */

import { add, make, mark } from "../dom.js";
import { keys } from "../settings/keys.js";
import { phones } from "../settings/phones.js";
import { rules } from "../settings/rules.js";
import { wording } from "../settings/wording.js";

const PARTS = /** @type {const} */ ({ rules, wording, keys, phones });

/** @type {import("../router.js").Show} */
export function show(place, params, portal) {
  const { words, router } = portal;
  const names = /** @type {(keyof typeof PARTS)[]} */ (Object.keys(PARTS));
  const part = names.find((each) => each === params.rest[0]) ?? "rules";
  const links = names.map((name) => {
    const link = make("a", { href: router.address("settings", name === "rules" ? [] : [name]) }, words.settings.parts[name]);
    mark(link, "aria-current", name === part ? "page" : null);
    return make("li", null, link);
  });
  const inside = make("div", { class: `part-${part}` });
  add(place, make("h1", null, words.settings.title), make("nav", { class: "parts", "aria-label": words.settings.title }, make("ul", null, ...links)), inside);
  return PARTS[part](inside, portal, params);
}
