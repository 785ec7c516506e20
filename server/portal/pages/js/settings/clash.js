// @ts-check
/** What somebody else wrote meanwhile, and the choice between that and one's own. */

import { add, make } from "../dom.js";

/** @typedef {Api.Wording["agency"]["messageTemplates"][number]} Template */

/**
 * @param {import("../portal.js").Portal} portal
 * @param {HTMLElement} note  shown until it is chosen
 * @param {Template} theirs
 * @param {(mine: boolean) => void} chosen
 */
export function clash({ times, words: { settings } }, note, theirs, chosen) {
  const choose = (/** @type {boolean} */ mine) => () => {
    note.hidden = true;
    chosen(mine);
  };
  note.hidden = false;
  note.replaceChildren();
  add(
    note,
    make("p", null, settings.wordedMeanwhile(times.whole(theirs.updatedAt))),
    make("p", null, theirs.body || settings.standardText),
    theirs.contentSid && make("p", null, make("code", null, theirs.contentSid)),
    make("button", { type: "button", onclick: choose(true) }, settings.keepMine),
    make("button", { type: "button", onclick: choose(false) }, settings.takeTheirs),
  );
}
