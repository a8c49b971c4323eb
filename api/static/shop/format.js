/** How the panel prints names and values. Units are known by the field's name. */
import { price } from "./catalogue.js";

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const number = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 });

/** `sessionDepth` becomes `session depth`. */
export function words(name) {
  return name.replace(/([a-z])([A-Z0-9])/g, "$1 $2").toLowerCase();
}

/** `high_value` becomes `high value`. */
export function spoken(name) {
  return name.replaceAll("_", " ");
}

/** A moment: today's by the clock, others by their date. */
export function moment(iso) {
  if (!iso) return "never";
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clock.format(date) : day.format(date);
}

/** A share between 0 and 1 in per cent. */
export function percent(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
}

/** A field's value for people. */
export function value(name, raw) {
  if (raw === null || raw === undefined) return "none yet";
  if (Array.isArray(raw)) return raw.length ? raw.join(", ") : "none yet";
  if (typeof raw !== "number") return String(raw);
  if (name.endsWith("Seconds")) return duration(raw);
  if (name.endsWith("Days")) return raw < 1 ? "today" : `${number.format(raw)} days`;
  if (name === "monetary") return price(raw);
  if (name.endsWith("Score")) return raw.toFixed(1);
  return number.format(raw);
}

function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}

/** An operand's value as the rule saw it. */
export function operand(raw) {
  if (raw === null) return "unknown";
  if (typeof raw === "number") return number.format(raw);
  return Array.isArray(raw) ? `[${raw.map(literal).join(", ")}]` : literal(raw);
}

const literal = (item) => JSON.stringify(item);

/** A rule's expression, with places to break the line at. */
export function expression(rule) {
  return rule.split(/(?<=[.([])/).flatMap((part) => [part, document.createElement("wbr")]);
}
