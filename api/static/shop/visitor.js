const ANONYMOUS_KEY = "fernhill.anonymousId";
const USER_KEY = "fernhill.userId";

/** Return a random UUID (version 4); `crypto.randomUUID` is missing where there is no HTTPS. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The ids of this browser, kept between visits: always an anonymous one, a user's once known. */
export class Visitor {
  constructor(storage = localStorage) {
    this.storage = storage;
    this.userId = storage.getItem(USER_KEY);
    this.anonymousId = storage.getItem(ANONYMOUS_KEY);
    if (!this.anonymousId) this.reset();
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
