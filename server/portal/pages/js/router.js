// @ts-check
/** Addresses: `#/board?search=ana` is the view `board` with what stands behind the question mark. */

/**
 * What a view is shown with.
 * @typedef {{ rest: string[], query: URLSearchParams }} Params
 */

/** Called before another view is shown, or the same anew. @typedef {() => void} Leave */

/**
 * A view fills its place and says how to leave it. It puts an `h1` into it, which names the page.
 * @typedef {(place: HTMLElement, params: Params, portal: import("./portal.js").Portal) => Leave} Show
 */

/**
 * A piece of an address; what cannot be read as one stands for itself.
 * @param {string} text
 */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @returns {{ name: string, params: Params }} */
export function here() {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", ...rest] = path.split("/").map(decoded);
  return { name: name || "board", params: { rest, query: new URLSearchParams(query) } };
}

/**
 * The address of a view.
 * @param {string} name
 * @param {string[]} [rest]
 * @param {URLSearchParams} [query]
 */
export function address(name, rest = [], query = new URLSearchParams()) {
  const asked = query.toString();
  return `#/${[name, ...rest].map(encodeURIComponent).join("/")}${asked && `?${asked}`}`;
}

/**
 * @param {string} name
 * @param {string[]} [rest]
 * @param {URLSearchParams} [query]
 */
export function go(name, rest, query) {
  location.hash = address(name, rest, query);
}

/**
 * The same view with other words behind the question mark; nothing is shown anew, and the way back skips it.
 * @param {string} name
 * @param {URLSearchParams} query
 */
export function replace(name, query) {
  history.replaceState(history.state, "", address(name, [], query));
}
