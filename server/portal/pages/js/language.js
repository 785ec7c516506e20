// @ts-check
/** The language of the portal: as chosen, else as the browser prefers, else Spanish. */

import { choose, chosen } from "./choices.js";

/** @typedef {import("./words/es.js").Words} Words */

export const LANGUAGES = { es: "Español", en: "English", pt: "Português" };

/** @returns {keyof typeof LANGUAGES} */
export function preferred() {
  const wished = [chosen("language"), ...navigator.languages].map((each) => each?.slice(0, 2).toLowerCase());
  const found = wished.find((each) => each && each in LANGUAGES);
  return /** @type {keyof typeof LANGUAGES} */ (found ?? "es");
}

/** @param {string} language */
export const prefer = (language) => choose("language", language);

/**
 * @param {string} language
 * @returns {Promise<Words>}
 */
export async function words(language) {
  return (await import(`./words/${language}.js`)).default;
}
