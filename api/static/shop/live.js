/** One live subscription over a WebSocket (graphql-transport-ws), connected again when it drops. */
const PROTOCOL = "graphql-transport-ws";
const LONGEST_PAUSE_MS = 8000;

export class Live {
  #variables = null;
  #socket = null;
  #number = 0;
  #failures = 0;

  /**
   * `onData(data)` gets each answer; `onTrouble(message)` says why there is none, and gets null
   * when all is well again.
   */
  constructor({ query, onData, onTrouble }) {
    Object.assign(this, { query, onData, onTrouble });
  }

  /** Follow these variables from now on, and no others. */
  follow(variables) {
    const before = this.#number;
    this.#variables = variables;
    this.#number += 1;
    if (!this.#socket) this.#connect();
    else if (this.#socket.acknowledged) {
      this.#say({ id: String(before), type: "complete" });
      this.#subscribe();
    }
  }

  #connect() {
    const address = new URL("/graphql", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, PROTOCOL);
    this.#socket = socket;
    socket.onopen = () => this.#say({ type: "connection_init" });
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = () => this.#connectAgain();
  }

  #connectAgain() {
    this.#socket.acknowledged = false;
    this.onTrouble("Attune cannot be reached.");
    const pause = Math.min(250 * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
  }

  #subscribe() {
    const payload = { query: this.query, variables: this.#variables };
    this.#say({ id: String(this.#number), type: "subscribe", payload });
  }

  #hear({ type, id, payload }) {
    if (type === "connection_ack") {
      this.#socket.acknowledged = true;
      this.#subscribe();
    } else if (type === "ping") {
      this.#say({ type: "pong" });
    } else if (id === String(this.#number)) {
      const errors = type === "error" ? payload : payload?.errors;
      if (payload?.data) {
        this.#failures = 0;
        this.onTrouble(null);
        this.onData(payload.data);
      } else if (errors) this.onTrouble(errors[0].message);
    }
  }

  #say(message) {
    this.#socket.send(JSON.stringify(message));
  }
}
