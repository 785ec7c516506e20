// Follow an agency's feed with the stock graphql-ws client:  node follow.mjs
// It reads .bauhaus/dev.json, or GRAPHQL_URL and BAUHAUS_KEY from the environment, and resumes from its last cursor.
import { readFileSync } from "node:fs";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const dev = process.env.GRAPHQL_URL ? {} : JSON.parse(readFileSync(".bauhaus/dev.json", "utf8"));
const url = (process.env.GRAPHQL_URL ?? dev.graphql).replace(/^http/, "ws");
const key = process.env.BAUHAUS_KEY ?? dev.key;

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${key}` },
  retryAttempts: Infinity,
  // 4403: the key is wrong, revoked or over, and coming back does not help.
  shouldRetry: (event) => event?.code !== 4403,
  on: { closed: (event) => console.error(`closed: ${event.code ?? ""} ${event.reason ?? event}`) },
});

const variables = { after: null };
const query = `subscription Follow($after: String) { events(after: $after) {
  __typename cursor sequence occurredAt
  ... on TripStatusChanged { trip { flight { ident phase } } record { changes { kind before after } } }
  ... on NotificationUpdated { notification { type status reason trip { traveller { name } } } } } }`;

for await (const { data, errors } of client.iterate({ query, variables })) {
  if (errors) throw new Error(errors.map((error) => error.message).join("; "));
  // The client sends this very object again after a reconnect, and so goes on where it was.
  variables.after = data.events.cursor;
  console.log(JSON.stringify(data.events));
}
