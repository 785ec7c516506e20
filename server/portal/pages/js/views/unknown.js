// @ts-check
/** An address that names no view. */

import { add, make } from "../dom.js";
import { empty } from "../notice.js";
import { address } from "../router.js";

/** @type {import("../router.js").Show} */
export function show(place, _, { words: { portal } }) {
  add(place, make("h1", null, portal.unknownView), empty("", "", make("a", { href: address("board") }, portal.toBoard)));
  return () => {};
}
