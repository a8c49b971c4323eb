/** Pieces that several parts of the page are made of. */
import { drawing, icon } from "./art.js";
import { categoryOf, price } from "./catalogue.js";
import { h } from "./dom.js";

/** The product's illustration on the tint of its category. */
export function tile(product, className = "") {
  const { hue } = categoryOf(product);
  const box = h("span", { class: `tile ${className}`, style: { "--hue": hue } });
  box.append(drawing(product.id, hue));
  return box;
}

/** A product as a card: the card opens it, the round button puts it into the cart. */
export function card(product, { onOpen, onAdd, note = null }) {
  return h(
    "article",
    { class: "card", "data-product": product.id },
    h(
      "button",
      { class: "card-open", type: "button", onclick: () => onOpen(product) },
      tile(product),
      h("span", { class: "card-brand" }, product.brand),
      h("span", { class: "card-name" }, product.name),
      h("span", { class: "card-price" }, price(product.price)),
    ),
    note && h("span", { class: "card-note" }, note),
    h(
      "button",
      {
        class: "card-add",
        type: "button",
        "aria-label": `Add ${product.name} to the cart`,
        onclick: () => onAdd(product),
      },
      h("span", { "aria-hidden": "true" }, "+"),
    ),
  );
}

/** A short promise with its icon. */
export function badge({ icon: name, text }) {
  return h("li", { class: "badge" }, icon(name), h("span", {}, text));
}
