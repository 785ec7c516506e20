// @ts-check
/** What time it is in the world of flights. A demo day runs faster than life, so the server's word counts, not the browser's. */

let product = Date.now();
let machine = performance.now();
let speed = 1;
let heard = false;
/** @type {() => void} */
let tell = () => {};

/** Settled once the server said what time it is. @type {Promise<void>} */
export const known = new Promise((resolve) => (tell = resolve));

/** Milliseconds since 1970. */
export const now = () => product + (performance.now() - machine) * speed;

/** Seconds of the world of flights in one of ours. */
export const pace = () => speed;

/**
 * The server says what time it is now.
 * @param {string} instant
 */
export function hear(instant) {
  const [at, here] = [Date.parse(instant), performance.now()];
  const spent = here - machine;
  // Over a shorter while the way of the message would count for more than the clock.
  if (heard && spent > 400) {
    const measured = (at - product) / spent;
    speed = measured < 0 || Math.abs(measured - 1) < 0.1 ? 1 : measured;
  }
  if (!heard || spent > 400) [product, machine, heard] = [at, here, true];
  tell();
}
