/**
 * The three regions whose content Attune decides. A block names its component; a component we do
 * not know is shown plainly, so that new content never leaves a hole in the page.
 */
import { scene } from "./art.js";
import { badge, card, tile } from "./cards.js";
import { productsOf } from "./catalogue.js";
import { $, h } from "./dom.js";

const VISIBLE_SHARE = 0.5;

export class Slots {
  #shownIds = new Set();

  /** `actions`: `onOpen(product)`, `onAdd(product)`, `onCta(cta)`, `inCart()`, `onShown(block)`. */
  constructor(elements, actions) {
    this.actions = actions;
    this.slots = new Map(elements.map((element) => [element.dataset.slot, { element }]));
    this.observer = new IntersectionObserver((seen) => this.#onSeen(seen), {
      threshold: VISIBLE_SHARE,
    });
    elements.forEach((element) => this.observer.observe(element));
  }

  /** Show the blocks of an answer; returns the blocks that are new on the page. */
  show(blocks) {
    return blocks.filter((block) => this.#showIn(this.slots.get(block.slot), block));
  }

  /** The next answer is for somebody else: what stays on the page counts as shown to them too. */
  startOver() {
    for (const slot of this.slots.values()) slot.drawn = null;
  }

  /** A decision counts from the moment it puts a block on the page, not each time it is renewed. */
  #showIn(slot, block) {
    if (!slot || !block.key) return false; // nothing can be shown: what stands there may stay
    const drawn = JSON.stringify([block.key, block.content, this.#cartOf(block)]);
    if (slot.drawn === drawn) return false;
    const isNew = slot.block?.key !== block.key || slot.drawn === null;
    slot.drawn = drawn;
    this.#draw(slot.element, block);
    if (isNew) {
      slot.block = block;
      this.#report(slot);
    }
    return isNew;
  }

  #cartOf(block) {
    return block.component === "CartReminder" ? this.actions.inCart() : [];
  }

  #draw(element, block) {
    const component = Object.hasOwn(COMPONENTS, block.component)
      ? COMPONENTS[block.component]
      : Plain;
    const content = component(block.content ?? {}, this.actions);
    content.classList.add("arriving");
    element.dataset.block = block.key;
    element.replaceChildren(content);
  }

  #onSeen(entries) {
    for (const { target, intersectionRatio } of entries) {
      const slot = this.slots.get(target.dataset.slot);
      slot.visible = intersectionRatio >= VISIBLE_SHARE;
      this.#report(slot);
    }
  }

  #report({ visible, block }) {
    if (!visible || !block || this.#shownIds.has(block.decisionId)) return;
    this.#shownIds.add(block.decisionId);
    this.actions.onShown(block);
  }
}

const COMPONENTS = {
  PremiumOfferBanner: (content, actions) =>
    banner("banner premium", content, actions, scene("rings"), pedestal(content.art)),
  StandardContent: (content, actions) =>
    banner("banner standard", content, actions, scene("hills"), pedestal(content.art)),
  RecommendationCarousel: (content, actions) =>
    banner("banner picks", content, actions, null, picks(content.products, actions)),
  ProductStrip: (content, actions) => strip(content, productsOf(content.products), actions),
  CartReminder: cartReminder,
  SocialProof: ({ text, badges }) =>
    h("div", { class: "proof" }, h("p", {}, text), h("ul", {}, (badges ?? []).map(badge))),
};

function Plain({ title, text }) {
  return h("div", { class: "plain" }, title && h("h2", {}, title), text && h("p", {}, text));
}

function banner(className, content, actions, backdrop, exhibit) {
  const { eyebrow, title, text } = content;
  const words = h(
    "div",
    { class: "banner-words" },
    eyebrow && h("p", { class: "eyebrow" }, eyebrow),
    h("h1", {}, title),
    text && h("p", { class: "lede" }, text),
    ctaButton(content.cta, actions),
  );
  return h("div", { class: className }, backdrop, words, exhibit);
}

function ctaButton(cta, { onCta }) {
  if (!cta) return null;
  return h("button", { class: "primary", type: "button", onclick: () => onCta(cta) }, cta.label);
}

function pedestal(ids) {
  const exhibits = productsOf(ids).map((product) => tile(product, "bare"));
  return h("div", { class: "pedestal", "aria-hidden": "true" }, exhibits);
}

function picks(ids, actions) {
  return h(
    "div",
    { class: "exhibits" },
    productsOf(ids).map((product) => card(product, actions)),
  );
}

function strip({ title, text, cta }, products, actions, noteOf = () => null) {
  const list = h(
    "ul",
    { class: "strip-list", tabindex: "0", "aria-label": title },
    products.map((product) => h("li", {}, card(product, { ...actions, note: noteOf(product) }))),
  );
  const move = (way) => list.scrollBy({ left: way * list.clientWidth * 0.8 });
  return h(
    "div",
    { class: "strip" },
    h(
      "div",
      { class: "strip-head" },
      h("div", {}, h("h2", {}, title), text && h("p", {}, text)),
      ctaButton(cta, actions),
      arrow("Back", "←", () => move(-1)),
      arrow("Forward", "→", () => move(1)),
    ),
    list,
  );
}

function arrow(label, sign, onclick) {
  return h("button", { class: "round", type: "button", "aria-label": label, onclick }, sign);
}

/** What is in the cart comes first, then what the block's author put beside it. */
function cartReminder(content, actions) {
  const inCart = actions.inCart();
  const products = productsOf([...new Set([...inCart, ...(content.products ?? [])])]).slice(0, 6);
  const note = (product) => (inCart.includes(product.id) ? "In your cart" : null);
  return strip(content, products, actions, note);
}

/** Return the elements of the page that are slots. */
export function slotElements() {
  return [...$("main").querySelectorAll("[data-slot]")];
}
