/** Which block each slot shows, and why. */
import { h } from "./dom.js";
import { expression, operand } from "./format.js";

/** Return a card per decision; `isOpen(slot)` and `onToggle(slot, open)` keep the details open. */
export function decisionCards(blocks, { isOpen, onToggle }) {
  return blocks.map(({ slot, key, component, why }) =>
    h(
      "article",
      { class: "decision", "data-decision": slot },
      h("h4", {}, slot, component && h("span", { class: "component" }, `<${component}>`)),
      h("p", { class: "block-key", "data-field": `${slot}.block` }, key ?? "nothing to show"),
      reasons(why),
      skipped(why.skipped, isOpen(slot), (open) => onToggle(slot, open)),
    ),
  );
}

/** The rule that holds with what it read; where none does, the sentence that says so. */
export function reasons({ summary, expression: source, operands }) {
  if (!source) return [h("p", { class: "small" }, summary)];
  return [
    h("code", { class: "rule" }, expression(source)),
    operands.length ? h("dl", { class: "operands" }, operands.map(operandRow)) : null,
  ];
}

function operandRow({ name, value }) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, operand(value)));
}

function skipped(rules, open, onToggle) {
  if (!rules.length) return null;
  const label =
    rules.length === 1 ? "1 rule came before it" : `${rules.length} rules came before it`;
  return h(
    "details",
    { open, ontoggle: (event) => onToggle(event.target.open) },
    h("summary", {}, label),
    h("ol", {}, rules.map(skippedRule)),
  );
}

function skippedRule({ expression: source, reason }) {
  return h("li", {}, h("code", {}, expression(source)), h("span", {}, reason));
}
