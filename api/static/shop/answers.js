/** Who the visitor is and what to show: Attune pushes an answer whenever that changes. */
import { Live } from "./live.js";
import { SHOP_SUBSCRIPTION } from "./query.js";

const PATIENCE_MS = 4000;

export class Answers {
  #waiting = [];
  #live;
  #asked = 0;

  /**
   * `onAnswer(user, ms)` gets each answer, and of the first how long it took, of later ones null;
   * `onTrouble(message)` says why there is none, and gets null when all is well again.
   */
  constructor({ visitor, onAnswer, onTrouble }) {
    Object.assign(this, { visitor, onAnswer, latest: null });
    const onData = ({ personalization }) => this.#take(personalization);
    this.#live = new Live({ query: SHOP_SUBSCRIPTION, onData, onTrouble });
  }

  /** Follow whoever is here now, and forget who was; returns whether a first answer came. */
  follow() {
    this.latest = null;
    for (const { done } of this.#waiting) done(false);
    this.#waiting = [];
    this.#asked = performance.now();
    this.#live.follow(this.visitor.variables);
    return this.until(() => true);
  }

  /** Wait for an answer with `reached(user)`; returns whether there was one, in good time. */
  until(reached) {
    return new Promise((done) => {
      const waiting = { reached, done };
      this.#waiting.push(waiting);
      setTimeout(() => this.#end([waiting], false), PATIENCE_MS);
      if (this.latest) this.#settle();
    });
  }

  #take({ user, blocks }) {
    const ms = this.latest ? null : performance.now() - this.#asked;
    this.latest = { ...user, blocks };
    this.onAnswer(this.latest, ms);
    this.#settle();
  }

  #settle() {
    this.#end(this.#waiting.filter(({ reached }) => reached(this.latest)), true);
  }

  #end(ended, outcome) {
    this.#waiting = this.#waiting.filter((waiting) => !ended.includes(waiting));
    for (const { done } of ended) done(outcome);
  }
}
