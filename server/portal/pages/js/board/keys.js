// @ts-check
/** The board by keyboard. Keys of a single letter can be switched off, for those who dictate. */

import { choose, chosen } from "../choices.js";
import { fresh, make } from "../dom.js";

/** @typedef {import("../portal.js").Portal} Portal */

/**
 * @typedef {object} Deeds
 * @property {(step: number) => void} move
 * @property {(end: "first" | "last") => void} end
 * @property {() => void} search
 * @property {() => void} leaveSearch
 */

/**
 * @param {Portal} portal
 * @param {Deeds} deeds
 * @returns {{ help: HTMLDialogElement, open: () => void, leave: () => void }}
 */
export function keyboard(portal, deeds) {
  const help = dialog(portal);
  const open = () => help.showModal();
  /** @type {Record<string, () => void>} */
  const letters = { j: () => deeds.move(1), k: () => deeds.move(-1), "/": deeds.search, "?": open };
  /** @type {Record<string, () => void>} */
  const arrows = { ArrowDown: () => deeds.move(1), ArrowUp: () => deeds.move(-1), Home: () => deeds.end("first"), End: () => deeds.end("last") };

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Escape" && target.matches("input[type=search]")) return deeds.leaveSearch();
    if (target.matches("input, select, textarea, summary")) return;
    const onRow = target.closest("tbody") !== null || target === document.body || target.matches("h1, main");
    const deed = (onRow ? arrows[event.key] : undefined) ?? (single() ? letters[event.key] : undefined);
    if (!deed) return;
    event.preventDefault();
    deed();
  }

  document.addEventListener("keydown", pressed);
  return { help, open, leave: () => document.removeEventListener("keydown", pressed) };
}

const single = () => chosen("keys") !== "off";

/** @param {Portal} portal */
function dialog({ words: { keys, portal } }) {
  /** @type {[string, string][]} */
  const rows = [["↓ j", keys.down], ["↑ k", keys.up], ["Home", keys.first], ["End", keys.last], ["Enter", keys.enter], ["/", keys.search], ["Esc", keys.escape], ["?", keys.help]];
  const title = fresh();
  const box = make("input", { type: "checkbox", checked: single(), onchange: () => choose("keys", box.checked ? "on" : "off") });
  const made = make(
    "dialog",
    { "aria-labelledby": title },
    make("h2", { id: title }, keys.title),
    make("dl", null, ...rows.flatMap(([names, deed]) => [make("dt", null, ...names.split(" ").map((name) => make("kbd", null, name))), make("dd", null, deed)])),
    make("label", { class: "check" }, box, keys.single),
    make("form", { method: "dialog" }, make("button", { type: "button", class: "main", onclick: () => made.close() }, portal.close)),
  );
  return made;
}
