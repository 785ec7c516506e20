// @ts-check
/**
 * What is being typed over the settings as they were read, so that two people at once lose nothing.
 *
 * | the other changed | I typed         | then                                        |
 * |-------------------|-----------------|---------------------------------------------|
 * | nothing           | anything        | mine stands                                 |
 * | something         | nothing         | theirs stands, and is marked                |
 * | something         | the same        | there is nothing left to change             |
 * | something         | something else  | a clash: a person keeps mine or takes theirs |
 */

import { FIELDS, inputOf, valueOf, wrong } from "./fields.js";

/** @typedef {import("./fields.js").Chosen} Chosen */
/** @typedef {import("./fields.js").Name} Name */
/** @typedef {import("./fields.js").Value} Value */

export class Draft {
  /** @type {Map<Name, Value>} */
  #typed = new Map();

  /** What the other wrote where something else is typed: what it was before, and what it is. @type {Map<Name, { before: Value, theirs: Value }>} */
  clashes = new Map();

  /** What the other changed where nothing was typed. @type {Set<Name>} */
  moved = new Set();

  /** @param {Chosen} base */
  constructor(base) {
    this.base = base;
  }

  /** @param {Name} name */
  value(name) {
    const typed = this.#typed.get(name);
    return typed === undefined ? valueOf(this.base, name) : typed;
  }

  /** @param {Name} name */
  isTyped(name) {
    return this.#typed.has(name);
  }

  get count() {
    return this.#typed.size;
  }

  /**
   * @param {Name} name
   * @param {Value} value
   */
  type(name, value) {
    this.moved.delete(name);
    if (value === valueOf(this.base, name)) this.take(name);
    else this.#typed.set(name, value);
  }

  /** Mine counts: it will be sent over theirs. @param {Name} name */
  keep(name) {
    this.clashes.delete(name);
  }

  /** Theirs counts. @param {Name} name */
  take(name) {
    this.clashes.delete(name);
    this.#typed.delete(name);
  }

  clear() {
    this.#typed.clear();
    this.clashes.clear();
    this.moved.clear();
  }

  /**
   * Somebody else changed the settings.
   * @param {Chosen} theirs
   * @returns {Name[]}  what is different now
   */
  rebase(theirs) {
    if (theirs.version <= this.base.version) return [];
    const before = this.base;
    this.base = theirs;
    const changed = FIELDS.map(({ name }) => name).filter((name) => valueOf(before, name) !== valueOf(theirs, name));
    for (const name of changed) {
      const now = valueOf(theirs, name);
      if (!this.#typed.has(name)) this.moved.add(name);
      else if (this.#typed.get(name) === now) this.take(name);
      else this.clashes.set(name, { before: this.clashes.get(name)?.before ?? valueOf(before, name), theirs: now });
    }
    return changed;
  }

  /** It was saved. @param {Chosen} settings */
  saved(settings) {
    this.clear();
    this.base = settings;
  }

  /** What cannot be sent as it is, and why. */
  faults() {
    return FIELDS.flatMap((field) => {
      const why = this.isTyped(field.name) ? wrong(field, this.value(field.name)) : null;
      return why ? [{ field, why }] : [];
    });
  }

  input() {
    return inputOf(this.base.version, this.#typed);
  }
}
