/** Wires the shop: the visitor's acts go to Attune, Attune's answers go into the page. */
import { Account } from "./account.js";
import { Attune } from "./attune.js";
import { Cart } from "./cart.js";
import { card } from "./cards.js";
import { categories, productProperties, products } from "./catalogue.js";
import { $, h } from "./dom.js";
import { Panel } from "./panel.js";
import { Product } from "./product.js";
import { Slots, slotElements } from "./slots.js";
import { Visitor } from "./visitor.js";

const visitor = new Visitor();
const panel = new Panel($(".panel"));
const cardActions = { onOpen: (product) => opened.open(product), onAdd: add };

const slots = new Slots(slotElements(), {
  ...cardActions,
  onCta: ({ action, category }) => (action === "cart" ? cart.open() : browse(category)),
  inCart: () => cart.ids,
  onShown: (block) => attune.shown(block),
});

const attune = new Attune({
  writeKey: $("meta[name=attune-write-key]").content,
  visitor,
  onAnswer: show,
  onTrouble: (message) => panel.trouble(message),
  onEvent: (sent) => panel.log(sent),
});

const cart = new Cart({
  onOrder: (properties) => attune.track("Order Completed", properties),
  onChange: () => attune.answers.latest && slots.show(attune.answers.latest.blocks),
});

const opened = new Product({
  visitor,
  track: (event, properties) => attune.track(event, properties),
  onAdd: add,
  onShown: (block) => attune.shown(block),
});

const account = new Account({
  visitor,
  onSignIn: (userId, traits) => {
    attune.identify(userId, traits);
    account.draw();
  },
  onSignOut: startOver,
});

function show(user, ms) {
  panel.show(user, ms);
  const changed = slots.show(user.blocks).map(({ slot, key }) => `${slot} shows ${key}`);
  if (changed.length) $("#announce").textContent = changed.join(", ");
}

function add(product) {
  cart.add(product);
  attune.track("Product Added", productProperties(product, 1));
}

/** Show one category in the grid, or everything for none. */
function browse(categoryId) {
  drawGrid(categoryId);
  $("#everything").scrollIntoView({ block: "start" });
  attune.page(categoryId ? "Category" : "Everything", categoryId ? { category: categoryId } : {});
}

function drawGrid(categoryId = null) {
  const chosen = categories.find(({ id }) => id === categoryId);
  const shown = products.filter(({ category }) => !chosen || category === categoryId);
  $("#everything-title").textContent = chosen?.name ?? "Everything";
  $("#everything-line").textContent = chosen?.line ?? "Six shelves, four things on each";
  $("#grid").replaceChildren(...shown.map((product) => card(product, cardActions)));
  document.querySelectorAll("[data-category]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.category === (categoryId ?? "")));
  });
}

function drawFilters() {
  const all = [{ id: "", name: "Everything" }, ...categories];
  const filters = all.map(({ id, name }) =>
    h(
      "button",
      { class: "filter", type: "button", "data-category": id, onclick: () => browse(id || null) },
      name,
    ),
  );
  $("#filters").replaceChildren(...filters);
}

/** Begin as a new visitor, with a new anonymous id and an empty cart. */
function startOver() {
  attune.reset();
  cart.clear();
  panel.startOver();
  slots.startOver();
  account.draw();
  begin();
}

/** Follow first, so that the page shows something at once, then say that it was looked at. */
async function begin() {
  await attune.follow();
  attune.page("Home");
}

document.querySelectorAll("[data-close]").forEach((button) => {
  button.addEventListener("click", () => button.closest("dialog").close());
});
document.querySelectorAll("dialog").forEach((dialog) => {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
});
$("#cart-open").addEventListener("click", () => cart.open());

drawFilters();
drawGrid();
begin();
