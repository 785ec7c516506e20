// @ts-check
/** The board's filters as a form, and the address that says the same. */

import { add, fresh, make } from "../dom.js";
import { STATUSES, isFiltered, statusesOf, USUAL } from "./filters.js";

/** Typing is waited for, in milliseconds, so that not every letter asks the server. */
const TYPING = 250;

/**
 * @param {import("../portal.js").Portal} portal
 * @param {URLSearchParams} query
 * @param {(query: URLSearchParams) => void} changed
 * @returns {{ node: HTMLElement, search: HTMLInputElement }}
 */
export function filterForm(portal, query, changed) {
  const words = portal.words.board;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  const later = () => {
    clearTimeout(typing);
    typing = setTimeout(tell, TYPING);
  };
  const search = make("input", { type: "search", name: "search", value: query.get("search"), placeholder: words.searchHint, autocomplete: "off", spellcheck: "false", "aria-label": words.search, oninput: later });
  const statuses = STATUSES.map((status) => {
    const box = make("input", { type: "checkbox", name: "status", value: status, checked: statusesOf(query).includes(status), onchange: () => tell() });
    return make("label", { class: "chip" }, box, make("span", null, portal.words.status[status]));
  });
  const codes = { spellcheck: "false", autocomplete: "off", autocapitalize: "characters", maxlength: 8, oninput: later };
  const more = make(
    "details",
    { open: ["day", "flight", "origin", "destination", "archived"].some((name) => query.has(name)) },
    make("summary", null, words.more),
    make(
      "div",
      { class: "fields" },
      field(words.day, make("input", { type: "date", name: "day", value: query.get("day"), onchange: () => tell() })),
      field(words.flight, make("input", { ...codes, name: "flight", value: query.get("flight"), placeholder: "AR1303" })),
      field(words.origin, make("input", { ...codes, name: "origin", value: query.get("origin"), placeholder: words.code })),
      field(words.destination, make("input", { ...codes, name: "destination", value: query.get("destination"), placeholder: words.code })),
      make("label", { class: "chip" }, make("input", { type: "checkbox", name: "archived", checked: query.has("archived"), onchange: () => tell() }), make("span", null, words.archived)),
    ),
  );
  const clear = make("a", { class: "clear", href: portal.router.address("board"), hidden: !isFiltered(query) }, words.clear);
  const form = make("form", { class: "filters", role: "search", "aria-label": words.search, onsubmit: (event) => (event.preventDefault(), tell()) });
  add(form, search, make("fieldset", { class: "chips" }, make("legend", { class: "unseen" }, words.statuses), ...statuses), more, clear);

  function tell() {
    clearTimeout(typing);
    const said = read(form);
    clear.hidden = !isFiltered(said);
    changed(said);
  }

  return { node: form, search };
}

/**
 * @param {string} label
 * @param {HTMLInputElement} input
 */
function field(label, input) {
  input.id = fresh();
  return make("div", { class: "field" }, make("label", { for: input.id }, label), input);
}

/**
 * What the form says; what is as usual is left out.
 * @param {HTMLFormElement} form
 */
function read(form) {
  const given = new FormData(form);
  const query = new URLSearchParams();
  for (const name of ["search", "day", "flight", "origin", "destination"]) {
    const text = String(given.get(name) ?? "").trim();
    if (text) query.set(name, text);
  }
  const statuses = given.getAll("status").map(String);
  if (statuses.length && statuses.join() !== STATUSES.filter((each) => USUAL.includes(each)).join()) query.set("status", statuses.join());
  if (given.has("archived")) query.set("archived", "1");
  return query;
}
