import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compressBuild } from "./scripts/compress-build.mjs";
import { EMOJI_FOLDER, emojiData } from "./scripts/emoji-data.mjs";
import { groupModules } from "./scripts/group-modules.mjs";
import { preloadInbox } from "./scripts/preload-inbox.mjs";

// The running product. `scripts/run --dev` sets it.
const api = process.env.NIOCHAT_API_URL ?? "http://127.0.0.1:8000";
const port = Number(process.env.NIOCHAT_DEV_PORT ?? 5173);
const version = JSON.parse(readFileSync("package.json", "utf8")).version as string;

export default defineConfig({
  // The hashed files may come from another address (NIOCHAT_ASSETS_URL), so they find one another.
  base: "./",
  plugins: [react(), tailwindcss(), emojiData(), preloadInbox(), compressBuild()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  define: {
    __DESK_VERSION__: JSON.stringify(version),
    __EMOJI_FOLDER__: JSON.stringify(EMOJI_FOLDER),
  },
  build: {
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { main: "index.html", "service-worker": "src/service-worker.ts" },
      output: {
        // The browser asks for the service worker by this name; everything else carries a hash.
        entryFileNames: (chunk) =>
          chunk.name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js",
        chunkFileNames: (chunk) => `assets/${chunk.name.split("~", 1)[0]}-[hash].js`,
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { debugName: "stages", name: groupModules(import.meta.dirname), priority: 3 },
            { name: "icons", test: /\/node_modules\/lucide-react\//, priority: 2 },
            // Small chunks of the other pages are merged with their likes.
            {
              name: "shared",
              minShareCount: 2,
              entriesAware: true,
              entriesAwareMergeThreshold: 5_000,
            },
          ],
        },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    port,
    strictPort: true,
    proxy: {
      "/api": { target: api, changeOrigin: false },
      "/live": { target: api, ws: true, changeOrigin: true, rewriteWsOrigin: true },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
