// Ships the names of emojis, which the picker fetches: the page calls no address outside the product.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { version } = require("emojibase-data/package.json");
const LOCALES = ["pt", "en"];
const FILES = ["data.json", "messages.json"];

/** The folder carries the version, so that its files can be cached for ever. */
export const EMOJI_FOLDER = `assets/emoji-${version}`;

const pathOf = (locale, file) => require.resolve(`emojibase-data/${locale}/${file}`);

/** The Vite plugin: emits the files in a build, and serves them in development. */
export function emojiData() {
  return {
    name: "emoji-data",
    async generateBundle() {
      for (const locale of LOCALES) {
        for (const file of FILES) {
          const source = await readFile(pathOf(locale, file));
          this.emitFile({ type: "asset", fileName: `${EMOJI_FOLDER}/${locale}/${file}`, source });
        }
      }
    },
    configureServer(server) {
      server.middlewares.use(`/${EMOJI_FOLDER}`, async (request, response, next) => {
        const [, locale, file] = (request.url ?? "").split(/[/?]/);
        if (!LOCALES.includes(locale) || !FILES.includes(file)) return next();
        response.setHeader("content-type", "application/json");
        response.end(await readFile(pathOf(locale, file)));
      });
    },
  };
}
