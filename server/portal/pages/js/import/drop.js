// @ts-check
/** Where a file is chosen or dropped, and the template that shows how one should be. */

import { make } from "../dom.js";
import { download } from "../download.js";
import { write } from "./csv.js";

/** @typedef {import("../portal.js").Portal} Portal */

/**
 * @param {Portal} portal
 * @param {(file: File) => void} chosen
 */
export function dropZone(portal, chosen) {
  const words = portal.words.import;
  const input = make("input", { type: "file", accept: ".csv,text/csv,text/plain", class: "unseen" });
  const node = make("label", { class: "drop" }, input, make("b", null, words.drop), make("span", null, words.choose));
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    // The same file may be chosen again.
    if (file) chosen(file), (input.value = "");
  });
  const over = (/** @type {boolean} */ is) => node.toggleAttribute("data-over", is);
  node.addEventListener("dragover", (event) => (event.preventDefault(), over(true)));
  node.addEventListener("dragleave", () => over(false));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const [file] = event.dataTransfer?.files ?? [];
    if (file) chosen(file);
  });
  return node;
}

/** @param {Portal} portal */
export function template(portal) {
  const words = portal.words.import;
  const node = make("button", { type: "button", class: "quiet" }, words.template);
  node.addEventListener("click", () => {
    const soon = new Date(portal.now() + 7 * 86_400_000).toISOString().slice(0, 10);
    const names = Object.values(words.columns);
    download(words.templateName, write([names, ["Ana Pérez", "+5491155550101", "ES", "AR1303", "EZE", "MIA", `${soon} 14:05`, words.example, "", ""]]));
  });
  return node;
}

/**
 * What was not made, as the file had it, with the reasons at the end of each row.
 * @param {Portal} portal
 * @param {string[]} header
 * @param {{ cells: string[], why: string[] }[]} rows
 */
export function failures(portal, header, rows) {
  const words = portal.words.import;
  // Who mends this file and chooses it again has the column already.
  const place = header.indexOf(words.reason);
  const without = (/** @type {string[]} */ cells) => cells.slice(0, place < 0 ? header.length : place);
  const wide = (/** @type {string[]} */ cells) => [...cells, ...Array(Math.max(0, without(header).length - cells.length)).fill("")];
  download(words.failuresName, write([[...without(header), words.reason], ...rows.map(({ cells, why }) => [...wide(without(cells)), why.join(" · ")])]));
}
