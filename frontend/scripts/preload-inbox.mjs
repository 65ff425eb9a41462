// Names the chunks and the font of the inbox in the page, so that they arrive beside the entry and not after it.
import { INBOX } from "./group-modules.mjs";

/** Without it, texts are drawn twice. */
const FONT = /inter-latin-wght-normal-.*\.woff2$/;

/** The file names of every chunk that the inbox imports statically, in the order of loading. */
function collectChunks(bundle) {
  const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
  const found = new Set();
  const visit = (chunk) => {
    if (!chunk || found.has(chunk.fileName)) return;
    found.add(chunk.fileName);
    for (const path of chunk.imports) visit(bundle[path]);
  };
  for (const root of INBOX) {
    const chunk = chunks.find((each) => each.facadeModuleId?.endsWith(root));
    if (!chunk) throw new Error(`no chunk begins with ${root}; see group-modules.mjs`);
    visit(chunk);
  }
  return [...found];
}

function link(path, attributes) {
  const attrs = { ...attributes, crossorigin: true, href: `./${path}` };
  return { tag: "link", attrs, injectTo: "head" };
}

/** The Vite plugin: a `modulepreload` for every chunk of the inbox that the page does not name, and its font. */
export function preloadInbox() {
  return {
    name: "preload-inbox",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) => {
        const chunks = collectChunks(bundle).filter((path) => !html.includes(path));
        const font = Object.keys(bundle).find((path) => FONT.test(path));
        if (!font) throw new Error("the font of the texts has another name; see preload-inbox.mjs");
        return [
          ...chunks.map((path) => link(path, { rel: "modulepreload" })),
          link(font, { rel: "preload", as: "font", type: "font/woff2" }),
        ];
      },
    },
  };
}
