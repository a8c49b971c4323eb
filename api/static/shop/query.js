/** All that the page asks of Attune: who this is, what is known, and what to show. */
export const SHOP_SUBSCRIPTION = `
subscription Shop($id: ID, $anonymousId: ID) {
  personalization(
    userId: $id, anonymousId: $anonymousId, slots: ["hero", "carousel", "social-proof"]
  ) {
    user {
      id
      profile { userId anonymousIds traits firstSeenAt lastSeenAt }
      segment
      segments { name why }
      features {
        activity {
          asOf
          views1h views24h views7d
          carts1h carts24h carts7d
          purchases1h purchases24h purchases7d
          behaviorScore
        }
        session { asOf sessionSeconds sessionDepth sessions }
        purchases { asOf recencyDays frequency monetary }
        interest { asOf lastCategories topCategories lastItems }
        cart { asOf cartItems cartValue cartMinutes cartAbandoned }
      }
      predictions { name value basis model { name version } why }
      degraded
    }
    blocks {
      decisionId slot key component content
      why {
        summary basis rule expression operands { name value }
        skipped { rule expression reason }
      }
    }
  }
}`;

/** What an open product asks: the visit and the product are in play. */
export const PRODUCT_QUERY = `
query Product($id: ID, $anonymousId: ID, $sessionId: ID, $itemIds: [ID!]) {
  user(id: $id, anonymousId: $anonymousId, sessionId: $sessionId, itemIds: $itemIds) {
    blocks(slots: ["product"]) {
      decisionId slot key component content
      why { summary expression operands { name value } }
    }
  }
}`;
