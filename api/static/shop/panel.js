/** "What Attune knows": the answer, shown as it is. */
import { decisionCards } from "./decisions.js";
import { $, h } from "./dom.js";
import { featureGroups, meter } from "./features.js";
import { moment, percent, spoken, value, words } from "./format.js";

const LOG_LENGTH = 40;

export class Panel {
  #drawn = new Map();
  #values = new Map();
  #openSlots = new Set();
  #rows = new Map();

  constructor(element) {
    this.element = element;
    this.handle = $(".panel-handle", element);
    this.handle.addEventListener("click", () => this.#toggle());
  }

  /** Show an answer that took `ms` to get, or that was pushed, with null. */
  show(user, ms) {
    this.element.classList.add("answered");
    if (ms !== null) $("#latency").textContent = `answered in ${Math.round(ms)} ms, then pushed`;
    $("#summary").textContent =
      `${spoken(user.segment ?? "no segment")} · depth ${user.features.session.sessionDepth}`;
    this.#section("#know-visitor", [user.id, user.profile, user.segments], () => visitor(user));
    this.#section("#know-features", user.features, () => featureGroups(user.features));
    this.#section("#know-predictions", user.predictions, () => user.predictions.map(prediction));
    this.#section("#know-headline", [user.features, user.predictions], () => headline(user));
    const decided = user.blocks.map(({ decisionId: _, content: __, ...rest }) => rest);
    this.#section("#know-decisions", decided, () => decisionCards(user.blocks, this.#details()));
    this.#notice(user.degraded.length ? `Answered in part: ${user.degraded.join("; ")}` : null);
  }

  /** Say why there is no answer, or with null that there is one. */
  trouble(message) {
    this.element.classList.toggle("away", message !== null);
    if (message !== null) this.#notice(`${message} The page keeps what it last showed.`);
  }

  /** Draw an event's row, at its first call on top of the log. */
  log(sent) {
    const row = logRow(sent);
    if (this.#rows.has(sent.id)) this.#rows.get(sent.id).replaceWith(row);
    else $("#know-log").prepend(row);
    this.#rows.set(sent.id, row);
    if (this.#rows.size > LOG_LENGTH) this.#drop(this.#rows.keys().next().value);
  }

  /** The next answer is about somebody else: nothing in it counts as changed. */
  startOver() {
    this.element.classList.remove("answered");
    $("#latency").textContent = "asking";
    this.#values.clear();
    this.#drawn.clear();
  }

  #drop(id) {
    this.#rows.get(id).remove();
    this.#rows.delete(id);
  }

  #notice(text) {
    $("#notice").hidden = text === null;
    $("#notice").textContent = text ?? "";
  }

  #toggle() {
    const open = this.handle.getAttribute("aria-expanded") !== "true";
    this.handle.setAttribute("aria-expanded", String(open));
    this.element.classList.toggle("open", open);
  }

  #details() {
    return {
      isOpen: (slot) => this.#openSlots.has(slot),
      onToggle: (slot, open) => this.#openSlots[open ? "add" : "delete"](slot),
    };
  }

  /** Draw a section when its data changed, and let the values flash that did. */
  #section(selector, data, draw) {
    const now = JSON.stringify(data);
    if (this.#drawn.get(selector) === now) return;
    this.#drawn.set(selector, now);
    const section = $(selector);
    section.replaceChildren(...draw());
    section.querySelectorAll("[data-field]").forEach((element) => this.#flash(element));
  }

  #flash(element) {
    const { field } = element.dataset;
    const before = this.#values.get(field);
    this.#values.set(field, element.textContent);
    if (before !== undefined && before !== element.textContent) element.classList.add("flash");
  }
}

/** The three numbers to watch while clicking; one that the answer lacks is left out. */
function headline({ features, predictions }) {
  const purchase = predictions.find(({ name }) => name === "purchase");
  const numbers = [
    ["engagement", features.activity?.behaviorScore?.toFixed(0)],
    ["session depth", features.session?.sessionDepth],
    ["will buy", purchase && percent(purchase.value)],
  ];
  return numbers
    .filter(([, shown]) => shown !== undefined)
    .map(([name, shown]) =>
      h(
        "li",
        {},
        h("strong", { "data-field": `headline.${name}` }, String(shown)),
        h("span", {}, name),
      ),
    );
}

function visitor({ id, profile, segment, segments }) {
  const why = segments.find(({ name }) => name === segment)?.why;
  const facts = [
    ["profile", id],
    profile.userId && ["user id", profile.userId],
    ["browser", profile.anonymousIds.join(", ") || "none yet"],
    ...Object.entries(profile.traits ?? {}).map(([name, raw]) => [words(name), value(name, raw)]),
    ["first seen", moment(profile.firstSeenAt)],
    ["last seen", moment(profile.lastSeenAt)],
  ].filter(Boolean);
  return [
    h("p", { class: "segment", "data-field": "segment" }, spoken(segment ?? "no segment")),
    why && h("p", { class: "small why" }, why === "true" ? "everyone else" : why),
    h(
      "dl",
      { class: "facts" },
      facts.map(([name, text]) =>
        h(
          "div",
          {},
          h("dt", {}, name),
          h("dd", { "data-field": `profile.${name}`, title: text }, text),
        ),
      ),
    ),
  ].filter(Boolean);
}

function prediction({ name, value: score, basis, model, why }) {
  const source =
    basis === "MODEL" && model ? `${model.name}, version ${model.version}` : "base rate, no model";
  return h(
    "section",
    { class: "prediction", title: why },
    h(
      "h4",
      {},
      words(name),
      h("span", { class: `basis ${basis.toLowerCase()}` }, basis.toLowerCase()),
    ),
    h(
      "p",
      { class: "scored", "data-field": `prediction.${name}` },
      meter(score, 1),
      percent(score),
    ),
    h("p", { class: "small" }, source),
  );
}

function logRow(sent) {
  return h(
    "li",
    { class: `sent ${sent.ok ? "ok" : "pending"}`, "data-event": sent.name },
    h("span", { class: "sent-name" }, sent.name),
    h("span", { class: "sent-detail" }, sent.detail ?? ""),
    h("span", { class: "sent-status" }, status(sent)),
    h("span", { class: "sent-outcome" }, outcome(sent)),
  );
}

function status({ status: code, retryMs }) {
  if (code === undefined) return "sending";
  const shown = code === 0 ? "no network" : String(code);
  return retryMs ? `${shown}, again in ${Math.round(retryMs / 1000)} s` : shown;
}

function outcome({ ok, status: code, retryMs, changedMs, unseen, name }) {
  if (retryMs) return "";
  if (changedMs) return `answer changed after ${Math.round(changedMs)} ms`;
  if (unseen) return "not in the answer yet";
  if (ok && name === "Content Shown") return "counted for the block";
  return code === undefined || ok ? "" : "not taken";
}
