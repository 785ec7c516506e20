// @ts-check
/** The public GraphQL API over HTTP. What goes wrong is a value, never an exception. */

import * as documents from "./documents.js";

/**
 * Why there is no data: no line, no credential, too often, or something that the server says.
 * @typedef {{ kind: "offline" | "refused" | "busy" | "fault", message: string, seconds?: number, code?: string }} Fault
 */

/**
 * @template T
 * @typedef {{ data: T, fault: null } | { data: null, fault: Fault }} Answer
 */

/** Seconds after which a question counts as unanswered. */
const PATIENCE = 30;

const ADDRESS = new URL("/graphql", location.href);

/**
 * Ask one document.
 * @template {keyof Api.Operations} K
 * @param {string} key
 * @param {K} name
 * @param {Api.Operations[K]["variables"]} variables
 * @returns {Promise<Answer<Api.Operations[K]["data"]>>}
 */
export async function ask(key, name, variables) {
  try {
    const query = await documents.read(name);
    const answer = await fetch(ADDRESS, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", Authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables, operationName: name }),
      signal: AbortSignal.timeout(PATIENCE * 1000),
    });
    return await heard(answer);
  } catch (error) {
    return { data: null, fault: { kind: "offline", message: String(error) } };
  }
}

/**
 * @param {Response} answer
 * @returns {Promise<Answer<any>>}
 */
async function heard(answer) {
  if (answer.status === 401) return { data: null, fault: { kind: "refused", message: "401" } };
  const seconds = Number(answer.headers.get("Retry-After")) || undefined;
  if (answer.status === 429 || answer.status === 503)
    return { data: null, fault: { kind: "busy", message: String(answer.status), seconds } };
  /** @type {{ data?: any, errors?: { message: string, extensions?: { code?: string } }[] }} */
  const body = await answer.json();
  const first = body.errors?.[0];
  if (first?.extensions?.code === "UNAVAILABLE") return { data: null, fault: { kind: "busy", message: first.message } };
  if (first || !body.data)
    return { data: null, fault: { kind: "fault", message: first?.message ?? String(answer.status), code: first?.extensions?.code } };
  return { data: body.data, fault: null };
}
