// @ts-check
/** What a person chose for this browser. Where nothing may be kept, the choice lasts as long as the page. */

/** @type {Record<string, string>} */
const here = {};

/**
 * @param {string} name
 * @returns {string | null}
 */
export function chosen(name) {
  try {
    return localStorage.getItem(`bauhaus.${name}`) ?? here[name] ?? null;
  } catch {
    return here[name] ?? null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function choose(name, value) {
  here[name] = value;
  try {
    localStorage.setItem(`bauhaus.${name}`, value);
  } catch {
    // It lasts as long as the page.
  }
}
