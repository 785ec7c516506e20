// @ts-check
/** One socket that speaks graphql-transport-ws. It lives once; who wants it back opens another. */

/** How often a silent line is tried, and how long it may stay silent then. */
const PING_SECONDS = 10;

const ADDRESS = new URL("/graphql", location.href);
ADDRESS.protocol = ADDRESS.protocol.replace("http", "ws");

/**
 * @typedef {object} Ears
 * @property {(data: any) => void} next
 * @property {(errors: { message: string, extensions?: any }[]) => void} [error]  ends the operation
 * @property {() => void} [complete]
 */

export class Socket {
  /** @type {Map<string, Ears>} */
  #open = new Map();
  #last = 0;
  /** When it last said something, in milliseconds since 1970; 0 before. */
  heardAt = 0;
  #ended = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;

  /**
   * @param {string} key
   * @param {() => void} ready  it may be subscribed now
   * @param {(code: number) => void} closed  called once
   */
  constructor(key, ready, closed) {
    this.#closed = closed;
    this.#ready = ready;
    this.#socket = new WebSocket(ADDRESS, "graphql-transport-ws");
    this.#socket.onopen = () => this.#send({ type: "connection_init", payload: { Authorization: `Bearer ${key}` } });
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#end(code);
    this.#listen();
  }

  #socket;
  #closed;
  #ready;

  /**
   * @param {string} query
   * @param {object} variables
   * @param {string} operationName
   * @param {Ears} ears
   * @returns {() => void}  ends it
   */
  subscribe(query, variables, operationName, ears) {
    const id = String(++this.#last);
    this.#open.set(id, ears);
    this.#send({ id, type: "subscribe", payload: { query, variables, operationName } });
    return () => {
      if (this.#open.delete(id)) this.#send({ id, type: "complete" });
    };
  }

  /** @param {number} [code]  as its owner shall hear it */
  close(code = 1000) {
    this.#socket.close();
    this.#end(code);
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** @param {{ type: string, id?: string, payload?: any }} message */
  #hear(message) {
    this.heardAt = Date.now();
    this.#listen();
    const ears = message.id === undefined ? undefined : this.#open.get(message.id);
    if (message.type === "connection_ack") this.#ready();
    else if (message.type === "ping") this.#send({ type: "pong" });
    else if (message.type === "next" && message.payload.data) ears?.next(message.payload.data);
    else if (message.type === "next") this.#over(message.id, () => ears?.error?.(message.payload.errors));
    else if (message.type === "error") this.#over(message.id, () => ears?.error?.(message.payload));
    else if (message.type === "complete") this.#over(message.id, () => ears?.complete?.());
  }

  /**
   * @param {string | undefined} id
   * @param {() => void} tell
   */
  #over(id, tell) {
    if (id !== undefined && this.#open.delete(id)) tell();
  }

  /** A line that breaks without a word is found by a ping that nobody answers. */
  #listen() {
    clearTimeout(this.#waiting);
    if (this.#ended) return;
    this.#waiting = setTimeout(() => {
      this.#send({ type: "ping" });
      this.#waiting = setTimeout(() => this.close(1006), PING_SECONDS * 1000);
    }, PING_SECONDS * 1000);
  }

  /** @param {number} code */
  #end(code) {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#waiting);
    this.#open.clear();
    this.#closed(code);
  }
}
