const response = await fetch(new URL("./catalogue.json", import.meta.url));
const { currency, categories, products } = await response.json();

export { categories, products };

const productById = new Map(products.map((product) => [product.id, product]));
const categoryById = new Map(categories.map((category) => [category.id, category]));

/** Return the products with these ids, in their order; ids we do not sell are left out. */
export function productsOf(ids = []) {
  return ids.map((id) => productById.get(id)).filter(Boolean);
}

/** Return `{id, name, line, hue}` of the product's category. */
export function categoryOf(product) {
  return categoryById.get(product.category);
}

const money = new Intl.NumberFormat("en-IE", { style: "currency", currency });

/** Return an amount as it is printed: €249.00. */
export function price(amount) {
  return money.format(amount);
}

/** Properties of `Product Viewed` and, with a quantity, `Product Added`. */
export function productProperties({ id, name, category, brand, price: amount }, quantity) {
  const properties = { product_id: id, name, category, brand, price: amount, currency };
  return quantity ? { ...properties, quantity } : properties;
}

/** Properties of `Order Completed` for cart lines of `{product, quantity}`. */
export function orderProperties(orderId, lines) {
  return {
    order_id: orderId,
    revenue: lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0),
    currency,
    products: lines.map(({ product, quantity }) => {
      const { currency: _, ...properties } = productProperties(product, quantity);
      return properties;
    }),
  };
}
