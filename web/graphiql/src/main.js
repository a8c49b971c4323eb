import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createClient } from "graphql-ws";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

import { STARTING_QUERY, STARTING_SUBSCRIPTION, STARTING_VARIABLES } from "./starting_query.js";

// Relative to the host that served the page, so it works behind any proxy that keeps the path.
const url = new URL("/graphql", location.href).href;

const fetcher = createGraphiQLFetcher({
  url,
  // Connects when a subscription starts, and again when the server was replaced meanwhile.
  wsClient: createClient({ url: url.replace(/^http/, "ws") }),
});

// GraphiQL keeps its tabs in the browser; a first visit finds none, and gets ours.
const isFirstVisit = localStorage.getItem("graphiql:tabState") === null;

createRoot(document.getElementById("graphiql")).render(
  createElement(GraphiQL, {
    fetcher,
    defaultTabs: [STARTING_QUERY, STARTING_SUBSCRIPTION].map((query) => ({
      query,
      variables: STARTING_VARIABLES,
    })),
    variables: isFirstVisit ? STARTING_VARIABLES : undefined,
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: false,
  }),
);
