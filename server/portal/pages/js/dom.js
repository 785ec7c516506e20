// @ts-check
/** Elements are made here and nowhere else, and what comes from outside is only ever text. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | EventListener>} Given */

/**
 * An element with attributes, listeners (`onclick: …`) and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Given | null} [given]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, given, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given ?? {})) give(element, name, value);
  add(element, ...children);
  return element;
}

/**
 * @param {Element} parent
 * @param {...Child} children
 */
export function add(parent, ...children) {
  for (const child of children)
    if (child !== null && child !== undefined && child !== false)
      parent.append(child instanceof Node ? child : String(child));
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {Given[string]} value
 */
function give(element, name, value) {
  if (typeof value === "function") element.addEventListener(name.slice(2), value);
  else if (value === true) element.setAttribute(name, "");
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
}

/**
 * Set a text where it is another one: a text that is set again costs a layout.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value  null takes it away
 */
export function mark(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/**
 * Do what a button orders, once at a time. Meanwhile it is marked, since one that is disabled lets go of the focus.
 * @param {HTMLButtonElement} button
 * @param {() => Promise<unknown>} deed
 */
export async function once(button, deed) {
  if (button.ariaDisabled === "true") return;
  mark(button, "aria-disabled", "true");
  await deed().finally(() => mark(button, "aria-disabled", null));
}

/**
 * Text for those who do not see shapes and colours.
 * @param {string} text
 */
export const unseen = (text) => make("span", { class: "unseen" }, text);

/**
 * The element that the page itself brings along.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

let last = 0;

/** An id that no other element has. */
export const fresh = () => `of-${++last}`;
