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

  /** @param {Item[]} items */
  draw(items) {
    const keys = new Set(items.map((each) => each.key));
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
    const focused = old.contains(document.activeElement);
    for (const [index, each] of old.querySelectorAll("details").entries()) {
      const same = node.querySelectorAll("details")[index];
      if (same) same.open = each.open;
    }
    old.replaceWith(node);
    if (!focused) return;
    const next = /** @type {HTMLElement | null} */ (node.querySelector("button, summary"));
    if (!next) node.tabIndex = -1;
    (next ?? node).focus({ preventScroll: true });
  }
}
