// @ts-check
/** A form over the page: fields with names, and each refusal next to what it concerns. */

import { add, fresh, make, mark, once, part, say } from "../dom.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Input */

/** @typedef {{ path: string, label: string, input: Input, hint?: string }} Field */

/**
 * Open a form; it is gone once it is closed or done.
 * @param {Portal} portal
 * @param {object} given
 * @param {string} given.title
 * @param {string} [given.hint]
 * @param {Field[]} given.fields
 * @param {string} given.does
 * @param {() => Promise<import("./order.js").Refused[]>} given.send
 * @param {() => void} given.done
 */
export function openSheet(portal, { title, hint, fields, does, send, done }) {
  const { words } = portal;
  const [name, wrong] = [fresh(), make("p", { class: "wrong-text", role: "alert" })];
  const [rows, complaints] = [fields.map(row), new Map()];
  for (const [index, field] of fields.entries()) complaints.set(field.path, rows[index]?.querySelector(".wrong-text"));
  const button = make("button", { class: "main" }, does);
  const close = make("button", { type: "button", onclick: () => sheet.close() }, words.trip.cancel);
  const form = make("form", { class: "sheet-form", novalidate: true }, ...rows, wrong, make("div", { class: "sheet-deeds" }, close, button));
  const sheet = make("dialog", { class: "sheet", "aria-labelledby": name, onclose: gone }, make("h2", { id: name }, title), hint && make("p", { class: "hint" }, hint), form);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void once(button, submit);
  });

  async function submit() {
    const refused = await send();
    if (refused.length) return sheet.open ? complain(refused) : sayLate(refused);
    sheet.close();
    done();
  }

  /** What it was opened by may be there no more. */
  function gone() {
    sheet.remove();
    if (document.activeElement === document.body) part("main").querySelector("h1")?.focus();
  }

  /**
   * Whoever closed the form before the answer came would take it for done.
   * @param {import("./order.js").Refused[]} refused
   */
  function sayLate(refused) {
    if (!portal.who) return;
    const text = `${title}: ${refused.map((each) => each.text).join(" ")}`;
    part("main").prepend(make("p", { class: "wrong-text refused late", role: "alert" }, text));
    portal.announce(text);
  }

  /** @param {import("./order.js").Refused[]} refused */
  function complain(refused) {
    const others = refused.filter((each) => !complaints.has(each.path));
    say(wrong, others.map((each) => each.text).join(" "));
    for (const { path, input } of fields) {
      const text = refused.filter((each) => each.path === path).map((each) => each.text).join(" ");
      say(complaints.get(path), text);
      mark(input, "aria-invalid", text ? "true" : null);
    }
    fields.find(({ input }) => input.hasAttribute("aria-invalid"))?.input.focus();
  }

  part("main").querySelector(":scope > .late")?.remove();
  part("main").append(sheet);
  sheet.showModal();
  return sheet;
}

/** @param {Field} field */
function row({ label, input, hint }) {
  const [named, hinted, wrong] = [fresh(), fresh(), fresh()];
  input.id = named;
  input.setAttribute("aria-describedby", hint ? `${hinted} ${wrong}` : wrong);
  const made = make("div", { class: "field" }, make("label", { for: named }, label), input);
  add(made, hint && make("p", { id: hinted, class: "hint" }, hint), make("p", { id: wrong, class: "wrong-text", role: "alert" }));
  return made;
}
