// @ts-check
/** A list that is written anew only where it says another thing, so that what is open stays open and focus stays where it is. */

/**
 * @typedef {object} Item
 * @property {string} key
 * @property {string} what  all that its looks depend on
 * @property {() => HTMLElement} make
 */

export class Kept {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  /** @type {Map<string, { what: string, node: HTMLElement }>} */
  #known = new Map();
  #first = true;
  /** What takes the focus, where what has it is made anew. @type {HTMLElement | null} */
  #heir = null;

  /** @param {Item[]} items */
  draw(items) {
    const keys = new Set(items.map((each) => each.key));
    const held = this.place.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    this.#heir = held;
    for (const [key, { node }] of this.#known)
      if (!keys.has(key)) {
        node.remove();
        this.#known.delete(key);
      }
    /** @type {HTMLElement | null} */
    let last = null;
    for (const item of items) {
      const node = this.#node(item);
      /** @type {Element | null} */
      const stands = last ? last.nextElementSibling : this.place.firstElementChild;
      if (node !== stands) this.place.insertBefore(node, stands);
      last = node;
    }
    this.#first = false;
    this.#keepFocus(held);
  }

  /**
   * What was moved, made anew or taken away let go of the focus.
   * @param {HTMLElement | null} held
   */
  #keepFocus(held) {
    if (!held || document.activeElement === this.#heir) return;
    const next = this.#heir?.isConnected ? this.#heir : /** @type {HTMLElement | null} */ (this.place.closest("[tabindex]"));
    next?.focus({ preventScroll: true });
  }

  /** @param {Item} item */
  #node({ key, what, make }) {
    const known = this.#known.get(key);
    if (known?.what === what) return known.node;
    const node = make();
    if (!this.#first) node.classList.add("fresh");
    this.#known.set(key, { what, node });
    if (known) this.#take(known.node, node);
    return node;
  }

  /**
   * Put a node where another one was.
   * @param {HTMLElement} old
   * @param {HTMLElement} node
   */
  #take(old, node) {
    for (const [index, each] of old.querySelectorAll("details").entries()) {
      const same = node.querySelectorAll("details")[index];
      if (same) same.open = each.open;
    }
    if (this.#heir && old.contains(this.#heir)) this.#heir = heirOf(this.#heir, old, node);
    old.replaceWith(node);
  }
}

/**
 * The same button of the same item; where there is none any more, the item, and never a button that does another thing.
 * @param {HTMLElement} held
 * @param {HTMLElement} old
 * @param {HTMLElement} node
 */
function heirOf(held, old, node) {
  const name = held.getAttribute("name");
  const kind = name ? `[name="${name}"]` : held.localName;
  const same = /** @type {HTMLElement | undefined} */ (node.querySelectorAll(kind)[[...old.querySelectorAll(kind)].indexOf(held)]);
  if (!same) node.tabIndex = -1;
  return same ?? node;
}
