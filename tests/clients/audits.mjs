// graphql-http's audits of a server, each with a valid key.
import { serverAudits } from "graphql-http";

import { authorization, endpoint, say } from "./talk.mjs";

const fetchFn = (address, { headers, ...more } = {}) => fetch(address, { ...more, headers: { ...headers, ...authorization() } });

for (const audit of serverAudits({ url: endpoint, fetchFn })) {
  const { id, name, status, reason } = await audit.fn();
  say("audit", { id, name, status, reason });
}
