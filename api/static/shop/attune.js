/** What the page says to Attune, and when an answer has taken it in. */
import { Answers } from "./answers.js";
import { pageContext, Sender } from "./send.js";

/** What an answer has counted of the visits: grows with each event, also into a new session. */
function counted(user) {
  const session = user?.features?.session;
  return session ? session.sessions * 1e6 + session.sessionDepth : 0;
}

export class Attune {
  #target = 0;

  /** The callbacks are those of `Sender` and `Answers`. */
  constructor({ writeKey, visitor, onAnswer, onTrouble, onEvent }) {
    this.visitor = visitor;
    this.onEvent = onEvent;
    this.sender = new Sender({ writeKey, visitor, onEvent });
    this.answers = new Answers({ visitor, onAnswer, onTrouble });
  }

  /** The visitor looked at a page. */
  page(name, properties = {}) {
    return this.#visit("page", name, { name, properties: { ...pageContext(), ...properties } });
  }

  /** The visitor did something. */
  track(event, properties) {
    const detail = properties.product_id ?? properties.order_id;
    return this.#visit("track", event, { event, properties }, detail);
  }

  /** A decided block came into view: counted for the block, not for the visit. */
  shown({ decisionId, slot, key }) {
    const properties = { decision_id: decisionId, slot, block: key };
    return this.sender.send("track", "Content Shown", { event: "Content Shown", properties }, key);
  }

  /** The visitor said who they are: their visit so far becomes part of that user's profile. */
  async identify(userId, traits) {
    const { anonymousId } = this.visitor;
    const depth = this.answers.latest?.features.session.sessionDepth ?? 0;
    this.visitor.signIn(userId);
    this.follow();
    const sent = await this.sender.send("identify", "Identify", { traits }, userId);
    await this.#follow(sent, ({ profile, features }) => {
      const joined = profile.anonymousIds.includes(anonymousId);
      return joined && features.session.sessionDepth >= depth;
    });
  }

  /** Somebody else sits down at this browser. */
  reset() {
    this.visitor.reset();
  }

  async #visit(call, name, fields, detail) {
    const target = Math.max(this.#target, counted(this.answers.latest)) + 1;
    this.#target = target;
    const sent = await this.sender.send(call, name, fields, detail);
    await this.#follow(sent, (user) => counted(user) >= target);
  }

  /** Note in `sent` how long it took until the answer had taken it in. */
  async #follow(sent, reached) {
    const seen = sent.ok && (await this.answers.until(reached));
    if (seen) sent.changedMs = performance.now() - sent.started;
    else this.#target = 0; // what we count on is not coming: start from the next answer again
    sent.unseen = sent.ok && !seen;
    this.onEvent(sent);
  }

  /** Begin with whoever is here now; returns when there is an answer. */
  follow() {
    this.#target = 0;
    return this.answers.follow();
  }
}
