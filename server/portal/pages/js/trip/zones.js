// @ts-check
/** Local times of an airport as fields hold them, and the instants that they are. */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * 2026-11-27T14:05.
 * @param {number} at  milliseconds since 1970
 * @param {string} zone
 */
export function localOf(at, zone) {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
    formats.set(zone, format);
  }
  return format.format(at).replace(" ", "T");
}

/**
 * The instant of a local time; one that the clocks skip is moved by what they skip.
 * @param {string} local  2026-11-27T14:05
 * @param {string} zone
 * @returns {string}
 */
export function instantOf(local, zone) {
  const wanted = Date.parse(`${local}Z`);
  // The offset at the guess may be another one than at the instant itself; the second turn sees the right one.
  let at = wanted;
  for (let turn = 0; turn < 2; turn++) at += wanted - Date.parse(`${localOf(at, zone)}Z`);
  return new Date(at).toISOString();
}
