// Follows live answers with the official client of each protocol; prints a JSON line for each.
import { createClient as overEvents } from "graphql-sse";
import { createClient as overSocket } from "graphql-ws";
import WebSocket from "ws";

const [server, writeKey, visitor] = process.argv.slice(2);
const url = `${server}/graphql`;

const LIVE = `subscription ($visitor: ID) {
  personalization(userId: $visitor) { cause user { features { activity { views24h } } } }
}`;

const clients = {
  "graphql-ws": overSocket({ url: url.replace(/^http/, "ws"), webSocketImpl: WebSocket }),
  "graphql-sse": overEvents({ url }),
};

async function view() {
  const properties = { product_id: "p-1", category: "audio", price: 10 };
  const reply = await fetch(`${server}/v1/track`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${writeKey}` },
    body: JSON.stringify({ userId: visitor, event: "Product Viewed", properties }),
  });
  if (!reply.ok) throw new Error(`${reply.status}: ${await reply.text()}`);
}

/** The first answer, and the next one once the visitor has done something. */
async function followed(client) {
  const answers = [];
  for await (const { data } of client.iterate({ query: LIVE, variables: { visitor } })) {
    const { cause, user } = data.personalization;
    answers.push({ cause, views: user.features.activity.views24h });
    if (answers.length === 2) break;
    await view();
  }
  return answers;
}

/** What a document is refused with: one client throws it, the other hands it over as a result. */
async function refusal(client) {
  try {
    for await (const { errors } of client.iterate({ query: "subscription { nothing }" })) {
      return errors;
    }
  } catch (errors) {
    return errors;
  }
}

for (const [name, client] of Object.entries(clients)) {
  const answers = await followed(client);
  const refused = (await refusal(client)).map(({ message }) => message);
  console.log(JSON.stringify({ name, answers, refused }));
  client.dispose();
}
