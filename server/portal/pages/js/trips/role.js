// @ts-check
/** What only an agent may do, said to whoever may only look. */

import { make } from "../dom.js";
import { empty } from "../notice.js";

/**
 * @param {import("../portal.js").Portal} portal
 * @returns {HTMLElement | null}  null for those who may
 */
export function needsAgent({ who, words, router }) {
  if (who?.viewer.role !== "VIEWER") return null;
  return empty(words.create.needsAgent, words.create.needsAgentHint, make("a", { href: router.address("board") }, words.trip.back));
}
