// @ts-check
/** What the portal asks: one operation in each file of documents/, read once, checked and trusted as it stands there. */

/** @type {Map<string, Promise<string>>} */
const texts = new Map();

/**
 * The text of a document, as a manifest of trusted documents has it: without the white space at its ends.
 * @param {keyof Api.Operations} name
 * @returns {Promise<string>}
 */
export function read(name) {
  const known = texts.get(name);
  if (known) return known;
  const reading = load(name);
  texts.set(name, reading);
  // What could not be read is read again by the next who asks.
  reading.catch(() => texts.delete(name));
  return reading;
}

/** @param {string} name */
async function load(name) {
  const answer = await fetch(new URL(`../documents/${name}.graphql`, import.meta.url));
  if (!answer.ok) throw new Error(`documents/${name}.graphql: ${answer.status}`);
  return (await answer.text()).trim();
}
