/** Ask Attune once, over HTTP; returns the data, or null where there is none. */
export async function ask(query, variables) {
  const body = JSON.stringify({ query, variables });
  const headers = {
    "Content-Type": "application/json",
    Accept: "application/graphql-response+json",
  };
  try {
    const response = await fetch("/graphql", { method: "POST", headers, body });
    return (await response.json()).data ?? null;
  } catch {
    return null; // no network, or no JSON: the page goes without
  }
}
