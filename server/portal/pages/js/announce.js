// @ts-check
/** What is read out to those who hear the page. */

import { part, say } from "./dom.js";

/** Between two announcements, in milliseconds: more often nobody could listen. */
const EVERY = 4000;

let spoken = -EVERY;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let unspoken;

/**
 * Read out, politely; of what comes too soon, the last.
 * @param {string} text
 */
export function announce(text) {
  clearTimeout(unspoken);
  const wait = spoken + EVERY - performance.now();
  if (wait > 0) unspoken = setTimeout(() => announce(text), wait);
  else {
    spoken = performance.now();
    say(part("said"), text);
  }
}
