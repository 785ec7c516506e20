// urql with a normalised cache: a query over HTTP, kept up to date by a subscription over a websocket that goes on where
// it stood.
import { readFileSync } from "node:fs";

import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { buildSchema, introspectionFromSchema } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { EVENTS as FEED, TRIP } from "./documents.mjs";
import { authorization, endpoint, obey, say, socket } from "./talk.mjs";
import { EVENTS, PARTS } from "./values.mjs";

const schema = introspectionFromSchema(buildSchema(readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8")));

const line = createClient({
  url: socket,
  webSocketImpl: WebSocket,
  connectionParams: authorization,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  on: { closed: ({ code }) => say("closed", { code }) },
});

/** What urql wants of a transport, with the place in the stream kept in the variables. */
function forwardSubscription(request) {
  const payload = { ...request, variables: { ...request.variables } };
  return {
    subscribe: (sink) => ({
      unsubscribe: line.subscribe(payload, {
        ...sink,
        next: (result) => {
          payload.variables.after = result.data?.events.cursor ?? payload.variables.after;
          sink.next(result);
        },
      }),
    }),
  };
}

const client = new Client({
  url: endpoint,
  preferGetMethod: false,
  fetchOptions: () => ({ headers: authorization() }),
  fetch: async (...request) => {
    const answer = await fetch(...request);
    say("answer", { status: answer.status, type: answer.headers.get("content-type") });
    return answer;
  },
  exchanges: [
    cacheExchange({ schema, keys: Object.fromEntries([...EVENTS, ...PARTS].map((name) => [name, () => null])) }),
    fetchExchange,
    subscriptionExchange({ forwardSubscription }),
  ],
});

client.subscription(FEED, {}).subscribe(({ data, error }) => {
  if (error) return say("error", { error: error.message });
  say("event", data.events);
});

await obey({
  watch: ({ id }) => {
    client.query(TRIP, { id }).subscribe(({ data, error }) => say("trip", { ...data?.trip, error: error?.message }));
  },
});
