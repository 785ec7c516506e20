// graphql-sse with distinct connections, that follows the feed without a websocket and goes on where it stood.
import { createClient } from "graphql-sse";

import { CREATE, EVENTS } from "./documents.mjs";
import { authorization, credential, endpoint, obey, say } from "./talk.mjs";

const client = createClient({
  url: endpoint,
  headers: authorization,
  retryAttempts: Infinity,
  retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
  on: { connecting: (retried) => say("connecting", { retried }), connected: (retried) => say("connected", { retried }) },
  fetchFn: async (...request) => {
    const answer = await fetch(...request);
    say("answer", { status: answer.status });
    return answer;
  },
});

// As over the websocket: the same request is sent again, with what its variables hold by then.
const variables = { after: null };
client.subscribe(
  { query: EVENTS, variables },
  {
    next: ({ data, errors }) => {
      if (errors) return say("failed", { errors });
      variables.after = data.events.cursor;
      say("event", data.events);
    },
    error: (error) => say("error", { error: String(error) }),
    complete: () => say("complete"),
  },
);

await obey({
  key: ({ key }) => {
    credential.key = key;
  },
  create: async ({ input }) => {
    for await (const { data } of client.iterate({ query: CREATE, variables: { input } })) say("created", data.createTrip);
    say("ended");
  },
  ask: async ({ query }) => {
    for await (const { errors } of client.iterate({ query })) say("refused", { errors });
    say("ended");
  },
});
