// How a client and its test talk: JSON, one value a line. Whoever ends first ends the other.
import { createInterface } from "node:readline";

export const url = process.env.URL;
export const endpoint = `${url}/graphql`;
export const socket = `${url.replace(/^http/, "ws")}/graphql`;

/** The credential, which may be exchanged by an order. */
export const credential = { key: process.env.KEY };

export const authorization = () => ({ Authorization: `Bearer ${credential.key}` });

export const say = (what, more = {}) => process.stdout.write(`${JSON.stringify({ what, ...more })}\n`);

/** Obey what the test tells until it hangs up. */
export async function obey(orders) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { order, ...more } = JSON.parse(line);
    await orders[order](more);
  }
  process.exit(0);
}
