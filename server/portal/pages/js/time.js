// @ts-check
/** Times as people read them: local to the airport they speak of, in the reader's language. */

/** Making a format costs a hundred times what using it does. @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * @param {string} locale
 * @param {string | undefined} timeZone
 * @param {"time" | "day" | "date" | "whole" | "offset"} what
 */
function format(locale, timeZone, what) {
  const name = `${locale} ${timeZone} ${what}`;
  const known = formats.get(name);
  if (known) return known;
  /** @type {Record<typeof what, Intl.DateTimeFormatOptions>} */
  const options = {
    time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    day: { weekday: "short", day: "numeric", month: "short" },
    date: { year: "numeric", month: "2-digit", day: "2-digit" },
    offset: { timeZoneName: "shortOffset" },
    whole: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  };
  // Dates that are compared are written alike in every language: 2026-11-27.
  const made = new Intl.DateTimeFormat(what === "date" ? "en-CA" : locale, { ...options[what], timeZone });
  formats.set(name, made);
  return made;
}

/** An instant as the API writes it, or milliseconds. @typedef {string | number} Instant */

/** @param {Instant} at */
export const millis = (at) => (typeof at === "number" ? at : Date.parse(at));

/**
 * 2026-11-27, for comparisons.
 * @param {Instant} at
 * @param {string} [zone]
 */
export const dateOf = (at, zone) => format("", zone, "date").format(millis(at));

export class Times {
  /** @param {string} locale */
  constructor(locale) {
    this.locale = locale;
    this.#numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  }

  #numbers;

  /**
   * 14:05, at a place, or where the reader is.
   * @param {Instant} at
   * @param {string} [zone]
   */
  clock = (at, zone) => format(this.locale, zone, "time").format(millis(at));

  /**
   * Fri 27 Nov.
   * @param {Instant} at
   * @param {string} [zone]
   */
  day = (at, zone) => format(this.locale, zone, "day").format(millis(at));

  /**
   * Fri 27 Nov, 14:05.
   * @param {Instant} at
   * @param {string} [zone]
   */
  whole = (at, zone) => format(this.locale, zone, "whole").format(millis(at));

  /**
   * 2026-11-27, for fields and comparisons.
   * @param {Instant} at
   * @param {string} [zone]
   */
  date = dateOf;

  /**
   * The day where it is not today at that place, else nothing.
   * @param {Instant} at
   * @param {string} zone
   * @param {number} now
   */
  otherDay = (at, zone, now) => (this.date(at, zone) === this.date(now, zone) ? "" : this.day(at, zone));

  /**
   * GMT-5 where a place goes by another clock than the reader's, else nothing.
   * @param {Instant} at
   * @param {string} zone
   */
  otherClock = (at, zone) => {
    const there = format(this.locale, zone, "offset").formatToParts(millis(at)).find((each) => each.type === "timeZoneName")?.value ?? "";
    const here = format(this.locale, undefined, "offset").formatToParts(millis(at)).find((each) => each.type === "timeZoneName")?.value;
    return there === here ? "" : there.replace("-", "\u2212");
  };

  /**
   * 12 min, 3 h, 2 d.
   * @param {number} span  in milliseconds
   */
  span(span) {
    const minutes = Math.max(0, Math.round(span / 60_000));
    if (minutes < 100) return `${this.#numbers.format(minutes)} min`;
    const hours = Math.round(minutes / 60);
    return hours < 48 ? `${this.#numbers.format(hours)} h` : `${this.#numbers.format(Math.round(hours / 24))} d`;
  }

  /** @param {number} value */
  number = (value) => this.#numbers.format(value);
}

/**
 * The instant of a local time at a place: the day's begin there, for a filter by day.
 * @param {string} date  2026-11-27
 * @param {string} [zone]  else where the reader is
 */
export function dayBegins(date, zone) {
  if (!zone) return new Date(`${date}T00:00`).toISOString();
  const guess = Date.parse(`${date}T00:00Z`);
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  return new Date(2 * guess - Date.parse(`${parts.format(guess).replace(" ", "T")}Z`)).toISOString();
}
