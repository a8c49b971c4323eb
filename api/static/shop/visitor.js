const ANONYMOUS_KEY = "fernhill.anonymousId";
const USER_KEY = "fernhill.userId";
const SESSION_KEY = "fernhill.sessionId";

/** Return a random UUID (version 4); `crypto.randomUUID` is missing where there is no HTTPS. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The ids of this browser, kept between visits: always an anonymous one, a user's once known; and
 * the id of the visit, which ends with its tab.
 */
export class Visitor {
  constructor(storage = localStorage, visit = sessionStorage) {
    this.storage = storage;
    this.visit = visit;
    this.userId = storage.getItem(USER_KEY);
    this.anonymousId = storage.getItem(ANONYMOUS_KEY);
    this.sessionId = visit.getItem(SESSION_KEY);
    if (!this.anonymousId) this.reset();
    else if (!this.sessionId) this.#beginVisit();
  }

  /** Take the id of a user who signed in; the anonymous id stays, so that the two can be joined. */
  signIn(userId) {
    this.userId = userId;
    this.storage.setItem(USER_KEY, userId);
  }

  /** Forget who was here: the next visitor of this browser is somebody new. */
  reset() {
    this.userId = null;
    this.anonymousId = uuid();
    this.storage.removeItem(USER_KEY);
    this.storage.setItem(ANONYMOUS_KEY, this.anonymousId);
    this.#beginVisit();
  }

  #beginVisit() {
    this.sessionId = uuid();
    this.visit.setItem(SESSION_KEY, this.sessionId);
  }

  /** Variables of the query: a known user by id, anybody else by the browser's. */
  get variables() {
    return this.userId ? { id: this.userId } : { anonymousId: this.anonymousId };
  }

  /** Ids of an event, as Segment's browser SDK sends them. */
  get ids() {
    return { anonymousId: this.anonymousId, ...(this.userId && { userId: this.userId }) };
  }
}
