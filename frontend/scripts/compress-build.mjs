// Writes a .br and a .gz beside each text file of the build, so that the server never compresses.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const COMPRESSIBLE = /\.(js|css|html|svg|json|webmanifest|txt|wasm)$/;
const MIN_BYTES = 1024;
const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

async function compressFile(path) {
  const bytes = await readFile(path);
  if (bytes.length < MIN_BYTES) return;
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  await writeFile(`${path}.br`, await toBrotli(bytes, brotli));
  await writeFile(`${path}.gz`, await toGzip(bytes, { level: 9 }));
}

/** The Vite plugin: compresses after the bundle is written. */
export function compressBuild() {
  return {
    name: "compress-build",
    apply: "build",
    async writeBundle(options) {
      const entries = await readdir(options.dir, { recursive: true, withFileTypes: true });
      const files = entries.filter((each) => each.isFile() && COMPRESSIBLE.test(each.name));
      await Promise.all(files.map((each) => compressFile(join(each.parentPath, each.name))));
    },
  };
}
