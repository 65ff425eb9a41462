// Draws the icons of the installed app from public/favicon.svg: `node scripts/make-icons.mjs`. The
// PNG files are committed; run it again after the SVG has changed. Needs the npm registry once.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RENDERER = "@resvg/resvg-js-cli@2.6.2-beta.1";
const svg = readFileSync("public/favicon.svg", "utf8");
const folder = mkdtempSync(join(tmpdir(), "icons-"));

/** A maskable icon fills its square, and what matters lies in the inner circle of 80 %. */
function maskable(source) {
  const inner = source.replace(/^<svg[^>]*>|<\/svg>\s*$/g, "");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="#0b6b74"/><g transform="translate(4 4) scale(0.75)">${inner}</g></svg>`;
}

function draw(source, size, name) {
  const path = join(folder, `${name}.svg`);
  writeFileSync(path, source);
  const target = `public/icons/${name}.png`;
  execFileSync("npx", ["--yes", RENDERER, "--fit-width", String(size), path, target], {
    stdio: "inherit",
  });
}

mkdirSync("public/icons", { recursive: true });
draw(svg, 192, "icon-192");
draw(svg, 512, "icon-512");
draw(maskable(svg), 512, "icon-maskable-512");
