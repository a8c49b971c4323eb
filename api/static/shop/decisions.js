/** Which block each slot shows, and why. */
import { h } from "./dom.js";
import { expression, operand } from "./format.js";

/** Return a card per decision; `isOpen(slot)` and `onToggle(slot, open)` keep the details open. */
export function decisionCards(blocks, { isOpen, onToggle }) {
  return blocks.map(({ slot, key, component, why }) =>
    h(
      "article",
      { class: "decision", "data-decision": slot },
      h("h4", {}, slot, h("span", { class: "component" }, `<${component}>`)),
      h("p", { class: "block-key", "data-field": `${slot}.block` }, key),
      why && reasons(why),
      skipped(why?.skipped, isOpen(slot), (open) => onToggle(slot, open)),
    ),
  );
}

function reasons({ rule, matched, operands, summary }) {
  const note = [summary, matched].find((text) => text && text !== rule);
  return [
    rule && h("code", { class: "rule" }, expression(rule)),
    operands?.length ? h("dl", { class: "operands" }, operands.map(operandRow)) : null,
    note && h("p", { class: "small" }, note),
  ];
}

function operandRow({ name, value }) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, operand(value)));
}

function skipped(rules, open, onToggle) {
  if (!rules?.length) return null;
  const label = rules.length === 1 ? "1 rule before it did not match" : `${rules.length} rules before it did not match`;
  return h(
    "details",
    { open, ontoggle: (event) => onToggle(event.target.open) },
    h("summary", {}, label),
    h("ol", {}, rules.map((rule) => h("li", {}, h("code", {}, expression(rule))))),
  );
}
