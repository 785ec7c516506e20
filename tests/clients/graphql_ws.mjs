// graphql-ws, its reference client, that follows the feed for good and goes on where it stood.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { CREATE, EVENTS } from "./documents.mjs";
import { authorization, credential, obey, say, socket } from "./talk.mjs";

const client = createClient({
  url: socket,
  webSocketImpl: WebSocket,
  connectionParams: authorization,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  on: {
    connected: (_, __, retried) => say("connected", { retried }),
    closed: ({ code, reason }) => say("closed", { code, reason }),
  },
});

// The client sends the same payload again after every reconnection; what stands in it then is where it goes on.
const variables = { after: null };
client.subscribe(
  { query: EVENTS, variables },
  {
    next: ({ data, errors }) => {
      if (errors) return say("failed", { errors });
      variables.after = data.events.cursor;
      say("event", data.events);
    },
    error: (error) => say("error", { error: String(error.message ?? error.code ?? error) }),
    complete: () => say("complete"),
  },
);

await obey({
  key: ({ key }) => {
    credential.key = key;
  },
  create: async ({ input }) => {
    for await (const { data } of client.iterate({ query: CREATE, variables: { input } })) say("created", data.createTrip);
  },
});
