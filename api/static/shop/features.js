/** Features of any registry: groups and fields are shown as they come, windows side by side. */
import { h } from "./dom.js";
import { moment, value, words } from "./format.js";

const WINDOWED = /^(.+?)(\d+[mhd])$/;

/** Return one block per feature view. */
export function featureGroups(features) {
  return Object.entries(features).map(([group, { asOf, ...fields }]) =>
    h(
      "section",
      { class: "group" },
      h("h4", {}, words(group), h("span", {}, asOf ? `as of ${moment(asOf)}` : "nothing yet")),
      windows(fields),
      singles(fields),
    ),
  );
}

/** Fields such as `views1h` and `views24h` as one table: a row per name, a column per window. */
function windows(fields) {
  const cells = Object.keys(fields)
    .map((field) => WINDOWED.exec(field))
    .filter(Boolean);
  if (!cells.length) return null;
  const names = [...new Set(cells.map(([, name]) => name))];
  const spans = [...new Set(cells.map(([, , span]) => span))];
  const head = h(
    "tr",
    {},
    h("td"),
    spans.map((span) => h("th", { scope: "col" }, span)),
  );
  const rows = names.map((name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, words(name)),
      spans.map((span) => cell(name + span, fields)),
    ),
  );
  return h("table", { class: "windows" }, h("thead", {}, head), h("tbody", {}, rows));
}

function cell(field, fields) {
  return h("td", { "data-field": field }, field in fields ? value(field, fields[field]) : "");
}

function singles(fields) {
  const rest = Object.entries(fields).filter(([field]) => !WINDOWED.test(field));
  return rest.length ? h("dl", { class: "facts" }, rest.map(single)) : null;
}

function single([field, raw]) {
  if (Array.isArray(raw)) return fact(field, chips(raw));
  if (field.endsWith("Score")) return fact(field, meter(raw, 100), value(field, raw));
  return fact(field, value(field, raw));
}

function fact(field, ...shown) {
  return h("div", {}, h("dt", {}, words(field)), h("dd", { "data-field": field }, shown));
}

function chips(items) {
  return items.length ? items.map((item) => h("span", { class: "chip" }, item)) : "none yet";
}

/** A bar from 0 to `most`; the number stands beside it, so it says nothing to a screen reader. */
export function meter(amount, most) {
  const share = `${Math.min(100, Math.max(0, (100 * amount) / most))}%`;
  return h(
    "span",
    { class: "meter", "aria-hidden": "true" },
    h("span", { style: { width: share } }),
  );
}
