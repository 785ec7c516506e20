// @ts-check
/** What time it is in the world of flights. A demo day runs faster than life, so the server's word counts, not the browser's. */

/** Over a shorter while, the way of a message would count for more than the clock. */
const SHORT = 400;
/** After which it is told how fast the world goes. */
const ENOUGH = 4000;
const LONG = 300_000;

let product = Date.now();
let machine = performance.now();
let speed = 1;
/** Since when the pace is measured; null before the server's first word. @type {{ product: number, machine: number } | null} */
let since = null;
/** How long the pace was measured, in milliseconds. */
let measured = 0;
/** @type {() => void} */
let tell = () => {};

/** Settled once the server said what time it is. @type {Promise<void>} */
export const known = new Promise((resolve) => (tell = resolve));

/** Milliseconds since 1970. */
export const now = () => product + (performance.now() - machine) * speed;

/** Seconds of the world of flights in one of ours; 1 while nobody can say. */
export const pace = () => (measured >= ENOUGH ? speed : 1);

/**
 * The server says what time it is now.
 * @param {string} instant
 */
export function hear(instant) {
  const [at, here] = [Date.parse(instant), performance.now()];
  const spent = since ? here - since.machine : 0;
  if (since && spent > SHORT) {
    const found = (at - since.product) / spent;
    speed = found < 0 || Math.abs(found - 1) < 0.1 ? 1 : found;
    measured = Math.max(measured, spent);
  }
  // After a long while it is measured anew: the server may have begun again with another clock.
  if (!since || spent > LONG) since = { product: at, machine: here };
  [product, machine] = [at, here];
  tell();
}
