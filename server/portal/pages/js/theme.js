// @ts-check
/** Light or dark: as the system is, unless chosen otherwise. */

import { choose, chosen } from "./choices.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** @type {readonly Theme[]} */
export const THEMES = ["auto", "light", "dark"];

/** @returns {Theme} */
export const theme = () => THEMES.find((each) => each === chosen("theme")) ?? "auto";

/** @param {Theme} wished */
export function paint(wished) {
  choose("theme", wished);
  document.documentElement.dataset.theme = wished;
}
