/** What a first visit finds in the editor: a tab that asks, and one that goes on asking. */
export const STARTING_QUERY = `# Who is this, what will they do next, and what
# should the page show? One query answers it all.
#
# features     counted as events arrive, read now
# predictions  MODEL: a trained model spoke
#              PRIOR: none could, so the base rate
# blocks       one per slot, with the rule that
#              chose it and the values it saw
# degraded     what could not be read just now
#
# Run it with Ctrl-Enter. The variables below name
# the visitor. Nobody need have seen the id before:
# a newcomer's profile is empty, not an error. For
# a browser without a user: {"anonymousId": "..."}

query WhatToShow($id: ID, $anonymousId: ID) {
  user(id: $id, anonymousId: $anonymousId) {
    id
    profile {
      userId anonymousIds traits firstSeenAt lastSeenAt
    }
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
    blocks(slots: ["hero", "carousel", "social-proof"]) {
      decisionId slot key component content
      why {
        summary rule expression
        operands { name value }
        skipped { rule expression reason }
      }
    }
    degraded
  }
}
`;

export const STARTING_SUBSCRIPTION = `# A new answer whenever the visitor has done
# something (FEATURES), or content, rules or a
# model changed (CONTENT).
#
# Run it, then sign in to the demo shop as this
# visitor and click. The same button stops it.

subscription Live($id: ID, $anonymousId: ID) {
  personalization(
    userId: $id
    anonymousId: $anonymousId
    slots: ["hero", "carousel", "social-proof"]
  ) {
    cause
    user {
      segment
      features {
        activity { views1h behaviorScore }
        session { sessionDepth sessions }
      }
    }
    blocks { slot key content }
  }
}
`;

export const STARTING_VARIABLES = `{ "id": "ada" }
`;
