/** The cart: kept in the browser, shown in a drawer. */
import { tile } from "./cards.js";
import { orderProperties, price, productsOf } from "./catalogue.js";
import { $, h } from "./dom.js";
import { uuid } from "./visitor.js";

const CART_KEY = "fernhill.cart";

export class Cart {
  #quantities;

  /** `onOrder(properties)` gets the properties of `Order Completed`; `onChange()` any change. */
  constructor({ onOrder, onChange }) {
    this.dialog = $("#cart");
    this.onOrder = onOrder;
    this.onChange = onChange;
    this.#quantities = new Map(JSON.parse(localStorage.getItem(CART_KEY) ?? "[]"));
    this.#count();
  }

  /** Product ids, the latest first. */
  get ids() {
    return [...this.#quantities.keys()].reverse();
  }

  get lines() {
    const products = productsOf(this.ids);
    return products.map((product) => ({ product, quantity: this.#quantities.get(product.id) }));
  }

  add(product) {
    this.#set(product, (this.#quantities.get(product.id) ?? 0) + 1);
  }

  clear() {
    this.#quantities.clear();
    this.#changed();
  }

  open() {
    this.#draw();
    this.dialog.showModal();
  }

  #set(product, quantity) {
    this.#quantities.delete(product.id);
    if (quantity > 0) this.#quantities.set(product.id, quantity);
    this.#changed();
  }

  #changed() {
    localStorage.setItem(CART_KEY, JSON.stringify([...this.#quantities]));
    this.#count();
    this.onChange();
  }

  #count() {
    const count = [...this.#quantities.values()].reduce((sum, quantity) => sum + quantity, 0);
    $("#cart-count").textContent = count || "";
    $("#cart-open").setAttribute("aria-label", `Cart, ${count} ${count === 1 ? "item" : "items"}`);
  }

  #draw() {
    const { lines } = this;
    const body = lines.length
      ? this.#filled(lines)
      : [h("p", { class: "empty" }, "Nothing in here yet.")];
    $("#cart-body").replaceChildren(...body);
  }

  #filled(lines) {
    const { revenue } = orderProperties("", lines);
    return [
      h(
        "ul",
        { class: "lines" },
        lines.map((line) => this.#line(line)),
      ),
      h("p", { class: "total" }, h("span", {}, "Total"), h("strong", {}, price(revenue))),
      h(
        "button",
        { class: "primary wide", type: "button", onclick: () => this.#order() },
        "Place the order",
      ),
      h("p", { class: "small" }, "Invented goods: nothing is charged, nothing is sent."),
    ];
  }

  #line({ product, quantity }) {
    const remove = () => {
      this.#set(product, 0);
      this.#draw();
    };
    return h(
      "li",
      {},
      tile(product, "mini"),
      h(
        "span",
        { class: "line-name" },
        product.name,
        h("small", {}, `${quantity} × ${price(product.price)}`),
      ),
      h(
        "button",
        { class: "quiet", type: "button", onclick: remove, "aria-label": `Remove ${product.name}` },
        "Remove",
      ),
    );
  }

  #order() {
    const properties = orderProperties(`FH-${uuid().slice(0, 8).toUpperCase()}`, this.lines);
    this.onOrder(properties);
    this.clear();
    $("#cart-body").replaceChildren(
      h(
        "div",
        { class: "thanks", role: "status" },
        h("h3", {}, "Thank you"),
        h(
          "p",
          {},
          `Order ${properties.order_id} over ${price(properties.revenue)} is on its way, in spirit.`,
        ),
      ),
    );
  }
}
