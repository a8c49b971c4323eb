import { defineConfig } from "vite";

/** GraphiQL's stylesheet carries two font families, 370 kB; the fonts of the system do. */
const systemFonts = {
  name: "system-fonts",
  enforce: "pre",
  transform(code, id) {
    if (!id.endsWith("graphiql/dist/style.css")) return null;
    return { code: code.replace(/@font-face\s*\{[^}]*\}/g, ""), map: null };
  },
};

// The API serves the page at GET /graphql and its assets below /static/graphiql/.
export default defineConfig({
  base: "/static/graphiql/",
  plugins: [systemFonts],
  // graphql-js looks here to leave out its development checks.
  define: { "globalThis.process": JSON.stringify({ env: { NODE_ENV: "production" } }) },
  build: {
    outDir: "../../api/static/graphiql",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1100,
    // The libraries' licences ask to stand beside what is shipped.
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      // "use client" is for servers that render React; it means nothing in a bundle.
      onLog: (level, log, write) => log.code !== "MODULE_LEVEL_DIRECTIVE" && write(level, log),
    },
  },
});
