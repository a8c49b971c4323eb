/** The open product: what it is, and a line that its demand and the visit decide. */
import { ask } from "./ask.js";
import { badge, tile } from "./cards.js";
import { categoryOf, price, productProperties } from "./catalogue.js";
import { reasons } from "./decisions.js";
import { $, h } from "./dom.js";
import { PRODUCT_QUERY } from "./query.js";

export class Product {
  #asked = 0;

  /** `onAdd(product)` and `onShown(block)` are called; `track(event, properties)` is awaited. */
  constructor({ visitor, track, onAdd, onShown }) {
    Object.assign(this, { visitor, track, onAdd, onShown });
    this.dialog = $("#product");
  }

  /** Show a product; its line comes as soon as it is decided, and anew with this view counted. */
  async open(product) {
    $("#product-body").replaceChildren(tile(product, "large"), this.#words(product));
    this.dialog.showModal();
    this.#decide(product);
    await this.track("Product Viewed", productProperties(product));
    this.#decide(product);
  }

  #words(product) {
    const addAndClose = () => {
      this.onAdd(product);
      this.dialog.close();
    };
    return h(
      "div",
      { class: "product-words" },
      h("p", { class: "eyebrow" }, `${product.brand} · ${categoryOf(product).name}`),
      h("h2", { id: "product-name" }, product.name),
      h("p", { class: "lede" }, product.description),
      h("p", { class: "price" }, price(product.price)),
      h("button", { class: "primary wide", type: "button", onclick: addAndClose }, "Add to cart"),
      h("div", { "data-slot": "product" }),
    );
  }

  async #decide(product) {
    const number = ++this.#asked;
    const { sessionId, variables } = this.visitor;
    const data = await ask(PRODUCT_QUERY, { ...variables, sessionId, itemIds: [product.id] });
    const block = data?.user.blocks[0];
    if (block?.key && number === this.#asked && this.dialog.open) this.#show(block);
  }

  #show(block) {
    const element = $("[data-slot=product]", this.dialog);
    const isNew = element.dataset.block !== block.key;
    element.dataset.block = block.key;
    element.replaceChildren(
      h("ul", {}, badge(block.content)),
      h("details", { class: "small" }, h("summary", {}, "Why this"), reasons(block.why)),
    );
    if (isNew) this.onShown(block);
  }
}
