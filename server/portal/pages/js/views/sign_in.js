// @ts-check
/** The door: a key, and what it opens. */

import * as api from "../api.js";
import { add, fresh, make, say } from "../dom.js";
import { said } from "../notice.js";
import * as session from "../session.js";

/**
 * @param {HTMLElement} place
 * @param {boolean} ended  the last key counts no more
 * @param {import("../portal.js").Portal} portal
 * @returns {import("../router.js").Leave}
 */
export function show(place, ended, portal) {
  const words = portal.words.signIn;
  place.dataset.view = "sign-in";
  const [hint, wrong] = [fresh(), fresh()];
  const field = make("input", {
    id: fresh(), name: "key", type: "password", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
    required: true, "aria-describedby": `${hint} ${wrong}`,
  });
  const complaint = make("p", { id: wrong, class: "wrong-text", role: "alert" }, ended && words.ended);
  const button = make("button", { class: "main" }, words.enter);
  const form = make(
    "form",
    { class: "sign-in", novalidate: true },
    make("div", { class: "poster", "aria-hidden": "true" }, make("i"), make("i"), make("i")),
    make("h1", null, words.title),
    make("label", { for: field.id }, words.key),
    field,
    make("p", { id: hint, class: "hint" }, words.hint),
    complaint,
    button,
  );

  /** @param {string} text */
  const complain = (text) => {
    say(complaint, text);
    field.setAttribute("aria-invalid", "true");
    field.focus();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = field.value.trim();
    if (!key) return complain(words.empty);
    // No header carries anything else, and no key has it.
    if (/[^ -~]/.test(key)) return complain(words.refused);
    button.disabled = true;
    const { data, fault } = await api.ask(key, "Session", {});
    button.disabled = false;
    if (fault) return complain(said(portal, fault));
    session.keep(key);
    portal.enter(data);
  });
  add(place, form);
  field.focus();
  return () => {};
}
