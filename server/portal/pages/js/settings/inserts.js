// @ts-check
/** What a text may hold of a trip: a button for each, which writes it where the text is being typed. */

import { make } from "../dom.js";

/**
 * @param {(value: string) => string} title
 * @param {string[]} variables  as they read in the preview
 * @param {HTMLTextAreaElement | HTMLInputElement} field
 * @param {() => void} typed
 */
export function inserts(title, variables, field, typed) {
  return variables.map((value, at) => {
    const mark = `{{${at + 1}}}`;
    const insert = () => {
      field.setRangeText(mark, field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
      field.focus();
      typed();
    };
    return make("button", { type: "button", class: "insert", title: title(value), onclick: insert }, make("b", null, mark), ` ${value}`);
  });
}
