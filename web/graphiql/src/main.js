import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

import { STARTING_QUERY, STARTING_VARIABLES } from "./starting_query.js";

// Relative to the host that served the page, so it works behind any proxy that keeps the path.
const fetcher = createGraphiQLFetcher({ url: "/graphql" });

// GraphiQL keeps its tabs in the browser; a first visit finds none, and gets ours.
const isFirstVisit = localStorage.getItem("graphiql:tabState") === null;

createRoot(document.getElementById("graphiql")).render(
  createElement(GraphiQL, {
    fetcher,
    defaultTabs: [{ query: STARTING_QUERY, variables: STARTING_VARIABLES }],
    variables: isFirstVisit ? STARTING_VARIABLES : undefined,
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: false,
  }),
);
