/** Asks Attune who the visitor is and what to show. A subscription could stand here instead. */
import { SHOP_QUERY } from "./query.js";
import { pause } from "./send.js";

/** Pauses between two looks at the answer after an event; then we stop looking. */
const LOOK_AFTER_MS = [60, 120, 250, 500, 1000, 2000];

export class Answers {
  #waiting = [];
  #looks = 0;
  #looking = false;

  /**
   * `onAnswer(user, ms)` gets each answer and how long it took; `onTrouble(message)` says why
   * there is none, and gets null when all is well again.
   */
  constructor({ visitor, onAnswer, onTrouble }) {
    Object.assign(this, { visitor, onAnswer, onTrouble, latest: null });
  }

  /** Ask once; returns the user of the answer, or null where there is none. */
  async ask() {
    const { variables } = this.visitor;
    const asked = performance.now();
    try {
      const user = await query(variables);
      if (!this.#stillAsks(variables)) return null;
      this.latest = user;
      this.onTrouble(null);
      this.onAnswer(user, performance.now() - asked);
      return user;
    } catch (error) {
      this.onTrouble(error.message);
      return null;
    }
  }

  /** Look again and again until `reached(user)`; returns whether it was, before we stopped. */
  until(reached) {
    this.#looks = 0;
    const outcome = new Promise((done) => this.#waiting.push({ reached, done }));
    if (!this.#looking) this.#look();
    return outcome;
  }

  /** Let go of the last answer, and of what was waited for: the visitor changed. */
  forget() {
    this.latest = null;
    this.#giveUp();
  }

  async #look() {
    this.#looking = true;
    while (this.#waiting.length > 0 && this.#looks < LOOK_AFTER_MS.length) {
      await pause(LOOK_AFTER_MS[this.#looks]);
      this.#looks += 1;
      const user = await this.ask();
      if (user) this.#settle(user);
    }
    this.#looking = false;
    this.#giveUp();
  }

  #settle(user) {
    const open = this.#waiting;
    this.#waiting = open.filter(({ reached }) => !reached(user));
    for (const waiting of open) if (!this.#waiting.includes(waiting)) waiting.done(true);
  }

  #giveUp() {
    this.#waiting.forEach(({ done }) => done(false));
    this.#waiting = [];
  }

  #stillAsks({ id, anonymousId }) {
    const current = this.visitor.variables;
    return id === current.id && anonymousId === current.anonymousId;
  }
}

async function query(variables) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: SHOP_QUERY, variables }),
  }).catch(() => null);
  if (!response) throw new Error("Attune cannot be reached.");
  const { data, errors } = await response.json().catch(() => ({}));
  if (!data?.user) throw new Error(errors?.[0]?.message ?? `Attune answered ${response.status}.`);
  return data.user;
}
