// @ts-check
/** What happened to a trip, and what is to come, in order of time. Plain functions: a file in, entries out. */

import { millis } from "../time.js";

/** @typedef {import("./file.js").Message} Message */
/** @typedef {import("./file.js").StatusRecord} StatusRecord */

/**
 * Something on the time line.
 * @typedef {{ key: string, at: number } & ({ kind: "made" | "archived" } | { kind: "fact", record: StatusRecord } | { kind: "word", message: Message })} Entry
 */

/** What was decided not to be sent, or is not to be sent any more. @type {Api.NotificationStatus[]} */
const UNSENT = ["SUPPRESSED", "SUPERSEDED", "EXPIRED", "WITHDRAWN"];

/** What is on its way to Twilio. @type {Api.NotificationStatus[]} */
const WAITING = ["PENDING", "SENDING"];

/** @param {Message} message */
export const isUnsent = ({ status }) => UNSENT.includes(status);

/** @param {Message} message */
export const isWaiting = ({ status }) => WAITING.includes(status);

/** @param {Message} message */
export const isHeld = ({ status, reason }) => status === "UNKNOWN" && reason === "HELD_FOR_HUMAN";

/** @param {Message} message */
export const canResend = (message) => message.status === "FAILED" || isHeld(message);

/** @param {Message} message */
export const canWithdraw = (message) => message.status === "PENDING" || isHeld(message);

/**
 * Where a message stands on the time line.
 *
 * | message                     | at                              |
 * |-----------------------------|---------------------------------|
 * | waits, or is being sent     | when it shall go                |
 * | Twilio took it              | when Twilio took it             |
 * | not sent, failed, unknown   | when that was decided, or known |
 * @param {Message} message
 */
export function standsAt(message) {
  if (isWaiting(message)) return millis(message.dueAt);
  return millis(message.acceptedAt ?? message.updatedAt);
}

/**
 * The entries, the latest first: what is to come, and what was. Where there are further pages, the past ends where the first
 * of the two lists ends, so that no gap looks as if nothing had happened.
 * @param {import("./file.js").TripFile} file
 * @returns {{ ahead: Entry[], past: Entry[] }}
 */
export function story({ trip, records, messages }) {
  /** @type {Entry[]} */
  const entries = [
    ...records.nodes.map((record) => ({ kind: /** @type {const} */ ("fact"), key: record.id, at: millis(record.recordedAt), record })),
    ...messages.nodes.map((message) => ({ kind: /** @type {const} */ ("word"), key: message.id, at: standsAt(message), message })),
  ];
  if (trip) entries.push({ kind: "made", key: "made", at: millis(trip.createdAt) });
  if (trip?.archivedAt) entries.push({ kind: "archived", key: "archived", at: millis(trip.archivedAt) });
  entries.sort((one, other) => other.at - one.at || rank(one) - rank(other));
  const from = Math.max(ending(records.nodes.map((each) => each.recordedAt), records.end), ending(messages.nodes.map((each) => each.createdAt), messages.end));
  const ahead = (/** @type {Entry} */ each) => each.kind === "word" && isWaiting(each.message);
  return { ahead: entries.filter(ahead), past: entries.filter((each) => !ahead(each) && each.at >= from) };
}

/** Of one moment, what follows stands above what it follows from. @param {Entry} entry */
const rank = (entry) => ["archived", "word", "fact", "made"].indexOf(entry.kind);

/**
 * @param {string[]} times  the latest first
 * @param {string | null} end
 */
const ending = (times, end) => (end === null ? -Infinity : millis(times.at(-1) ?? Infinity));

/**
 * The messages as they lie in the traveller's phone, the oldest first; what waits comes last, what was not sent is not there.
 * @param {Message[]} messages
 */
export function chat(messages) {
  const shown = messages.filter((each) => !isUnsent(each));
  return shown.sort((one, other) => Number(isWaiting(one)) - Number(isWaiting(other)) || standsAt(one) - standsAt(other));
}
