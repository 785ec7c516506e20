// @ts-check
/** SHA-256. `crypto.subtle` is not there where the portal is served without TLS, and the same row must give the same key everywhere. */

/**
 * The first bits of the fractions of the roots of the first primes, as FIPS 180-4 wants them.
 * @param {number} many
 * @param {number} root
 */
function fractions(many, root) {
  const found = [];
  for (let number = 2; found.length < many; number++) {
    let divisor = 2;
    while (number % divisor) divisor++;
    if (divisor === number) found.push(Math.floor((number ** (1 / root) % 1) * 2 ** 32));
  }
  return found;
}

const ROUNDS = new Uint32Array(fractions(64, 3));
const START = new Uint32Array(fractions(8, 2));

/**
 * @param {string} text
 * @returns {string}  64 hexadecimal digits
 */
export function sha256(text) {
  const bytes = new TextEncoder().encode(text);
  const padded = new DataView(new ArrayBuffer(((bytes.length + 72) >> 6) << 6));
  new Uint8Array(padded.buffer).set(bytes);
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 4, bytes.length * 8);
  const state = START.slice();
  for (let at = 0; at < padded.byteLength; at += 64) block(state, padded, at);
  return [...state].map((each) => each.toString(16).padStart(8, "0")).join("");
}

const turned = (/** @type {number} */ word, /** @type {number} */ by) => (word >>> by) | (word << (32 - by));
const words = new Uint32Array(64);

/**
 * @param {Uint32Array} state
 * @param {DataView} from
 * @param {number} at
 */
function block(state, from, at) {
  const w = (/** @type {number} */ place) => words[place] ?? 0;
  for (let i = 0; i < 16; i++) words[i] = from.getUint32(at + i * 4);
  for (let i = 16; i < 64; i++) {
    const [early, late] = [w(i - 15), w(i - 2)];
    words[i] = w(i - 16) + (turned(early, 7) ^ turned(early, 18) ^ (early >>> 3)) + w(i - 7) + (turned(late, 17) ^ turned(late, 19) ^ (late >>> 10));
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + (ROUNDS[i] ?? 0) + w(i)) | 0;
    const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((each, place) => (state[place] = (state[place] ?? 0) + each));
}
