// @ts-check
/** The days that the numbers are of: kept in the address, whole days where the reader is. */

import { dayBegins } from "../time.js";

const DAY = 86_400_000;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** Spans by name, in days up to today. */
export const SPANS = /** @type {const} */ ({ today: 1, week: 7, month: 30 });

/** @typedef {{ name: keyof typeof SPANS | "dates", first: string, last: string }} Span  both days included */

/**
 * @param {string} date
 * @param {number} days
 */
const later = (date, days) => new Date(Date.parse(`${date}T00:00Z`) + days * DAY).toISOString().slice(0, 10);

/**
 * What an address asks for; without a word, the last seven days.
 * @param {URLSearchParams} query
 * @param {string} today  2026-11-27
 * @returns {Span}
 */
export function spanOf(query, today) {
  const [first, last] = [query.get("from") ?? "", query.get("until") ?? ""];
  if (DATE.test(first) && DATE.test(last)) return { name: "dates", first, last };
  const name = Object.keys(SPANS).find((each) => each === query.get("span"));
  const known = /** @type {keyof typeof SPANS} */ (name ?? "week");
  return { name: known, first: later(today, 1 - SPANS[known]), last: today };
}

/** @param {Span} span */
export const queryOf = (span) => new URLSearchParams(span.name === "dates" ? { from: span.first, until: span.last } : { span: span.name });

/**
 * As the API takes it: from the begin of the first day to the end of the last.
 * @param {Span} span
 * @returns {Api.Operations["Numbers"]["variables"]}
 */
export const instantsOf = ({ first, last }) => ({ from: dayBegins(first), until: dayBegins(later(last, 1)) });

/** @param {Span} span */
export const isBackwards = ({ first, last }) => last < first;

/**
 * Every day of a span, so that one without a figure is seen as such.
 * @param {Span} span
 */
export function daysOf({ first, last }) {
  const days = [];
  for (let day = first; day <= last && days.length < 400; day = later(day, 1)) days.push(day);
  return days;
}
