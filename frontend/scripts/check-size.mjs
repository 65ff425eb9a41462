// Fails the build when the JavaScript before the first rows of the inbox is larger than the budget.
import { readFile } from "node:fs/promises";

const BUDGET_KB = 250;
const page = await readFile("dist/index.html", "utf8");
// The page names all of it: its scripts, and what they load at once (preload-inbox.mjs).
const paths = [...page.matchAll(/(?:src|href)="[./]*(assets\/[^"]+\.js)"/g)].map(
  (match) => match[1],
);
let total = 0;
for (const path of paths) {
  const read = async (ending) => (await readFile(`dist/${path}${ending}`).catch(() => "")).length;
  const sent = (await read(".br")) || (await read(""));
  total += sent;
  console.log(`${(sent / 1000).toFixed(1).padStart(8)} kB  ${path}`);
}
console.log(
  `${(total / 1000).toFixed(1).padStart(8)} kB  initial JavaScript, brotli (budget ${BUDGET_KB} kB)`,
);
if (total > BUDGET_KB * 1000) {
  console.error(
    "The first page loads too much JavaScript. Load what it does not need with import().",
  );
  process.exit(1);
}
