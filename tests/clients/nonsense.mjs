// graphql-ws behind a socket that garbles what it says: what the server answers, and whether the client gives up for good.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { EVENTS } from "./documents.mjs";
import { authorization, say, socket } from "./talk.mjs";

const instead = (type, ...frames) => (message) => (message.type === type ? frames : [JSON.stringify(message)]);
const changed = (type, change) => (message) => [JSON.stringify(message.type === type ? change(message) : message)];
const twice = (type) => (message) => (message.type === type ? [message, message] : [message]).map((each) => JSON.stringify(each));

const WAYS = {
  "no JSON": instead("subscribe", "{"),
  "a list": instead("subscribe", "[]"),
  nothing: instead("subscribe", "null"),
  "a binary frame": instead("subscribe", Buffer.from([0, 255])),
  "a type of nobody": changed("subscribe", (message) => ({ ...message, type: "start" })),
  "an id that is a number": changed("subscribe", (message) => ({ ...message, id: 1 })),
  "no query": changed("subscribe", (message) => ({ ...message, payload: {} })),
  "a list of variables": changed("subscribe", (message) => ({ ...message, payload: { ...message.payload, variables: [1] } })),
  "no object at the door": changed("connection_init", (message) => ({ ...message, payload: "x" })),
  "no greeting": changed("connection_init", () => ({ id: "1", type: "subscribe", payload: { query: EVENTS } })),
  "two greetings": twice("connection_init"),
  "an id twice": twice("subscribe"),
};

for (const [way, garble] of Object.entries(WAYS)) {
  let sockets = 0;
  class Garbling extends WebSocket {
    constructor(...given) {
      super(...given);
      sockets += 1;
    }

    send(text) {
      for (const frame of garble(JSON.parse(text))) super.send(frame);
    }
  }
  const client = createClient({
    url: socket,
    webSocketImpl: Garbling,
    connectionParams: authorization,
    // As the client decides by itself, only sooner.
    retryWait: () => Promise.resolve(),
  });
  const code = await new Promise((resolve) => {
    client.subscribe(
      { query: EVENTS },
      { next: () => {}, error: (error) => resolve(error.code ?? String(error)), complete: () => resolve("complete") },
    );
  });
  say("closed", { way, code, sockets });
}
