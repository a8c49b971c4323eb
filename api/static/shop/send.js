/** Sends events as Segment's browser SDK does, and tries again where the server asks for it. */
import { uuid } from "./visitor.js";

const MAX_ATTEMPTS = 5;
const MAX_PAUSE_MS = 30_000;

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const now = () => new Date().toISOString();

/** The page of an event's `context`. */
export function pageContext() {
  return { path: location.pathname, title: document.title, url: location.href };
}

/**
 * One event on its way. `status` is the last HTTP status (0: no network), `retryMs` the pause
 * before the next try, `changedMs` how long until the answer had taken it in, `unseen` that it
 * had not by the last look.
 */
class Sent {
  constructor(call, name, detail) {
    Object.assign(this, { id: uuid(), call, name, detail, at: new Date() });
    this.started = performance.now();
  }
}

export class Sender {
  /** `onEvent` gets a `Sent` when it sets off and each time that it changes. */
  constructor({ writeKey, visitor, onEvent }) {
    this.authorization = `Basic ${btoa(`${writeKey}:`)}`;
    this.visitor = visitor;
    this.onEvent = onEvent;
  }

  /** Send `fields` to `/v1/{call}`; returns its `Sent`, with `ok` once the server took it. */
  async send(call, name, fields, detail = "") {
    const sent = new Sent(call, name, detail);
    const message = {
      ...this.visitor.ids,
      messageId: sent.id,
      originalTimestamp: now(),
      context: {
        page: pageContext(),
        userAgent: navigator.userAgent,
        locale: navigator.language,
        sessionId: this.visitor.sessionId,
      },
      ...fields,
    };
    this.onEvent(sent);
    await this.#deliver(message, sent);
    this.onEvent(sent);
    return sent;
  }

  /** Post until it is taken or refused; each try carries the same messageId, so it counts once. */
  async #deliver(message, sent) {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#post(sent.call, { ...message, sentAt: now() });
      sent.status = response?.status ?? 0;
      sent.ok = response?.ok ?? false;
      if (!mayTryAgain(response) || attempt === MAX_ATTEMPTS) return;
      sent.retryMs = pauseMs(response, attempt);
      this.onEvent(sent);
      await pause(sent.retryMs);
      sent.retryMs = null;
    }
  }

  async #post(call, message) {
    const headers = { "Content-Type": "application/json", Authorization: this.authorization };
    const body = JSON.stringify(message);
    try {
      return await fetch(`/v1/${call}`, { method: "POST", headers, body, keepalive: true });
    } catch {
      return null; // no network: tried again, like a server that is away
    }
  }
}

function mayTryAgain(response) {
  return !response || response.status === 429 || response.status === 503;
}

function pauseMs(response, attempt) {
  const asked = Number(response?.headers.get("Retry-After"));
  return Math.min(asked > 0 ? asked * 1000 : 500 * 2 ** attempt, MAX_PAUSE_MS);
}
