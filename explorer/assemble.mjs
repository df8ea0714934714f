// Puts the style, the core and the scripts into the page. Usage: assemble.mjs FOLDER BUILD PAGE
import { readFileSync, writeFileSync } from "node:fs";

const [folder, build, page] = process.argv.slice(2);
const parts = {
  STYLE: readFileSync(`${folder}/style.css`, "utf8"),
  CORE: readFileSync(`${build}/explorer/explorer.wasm`).toString("base64"),
  WORKER: readFileSync(`${build}/worker.js`, "utf8"),
  PAGE: readFileSync(`${build}/main.js`, "utf8"),
};
let html = readFileSync(`${folder}/index.html`, "utf8");
for (const [name, text] of Object.entries(parts)) {
  if (/<\/(script|style)/i.test(text)) throw new Error(`${name} contains the end of its own element`);
  const place = `/* ${name} */`;
  if (html.split(place).length !== 2) throw new Error(`index.html has no single place for ${name}`);
  html = html.replace(place, () => text); // a function: $ in the text stands for itself
}
writeFileSync(page, html);
console.log(`${page}: ${html.length} characters, ${Buffer.byteLength(html)} bytes`);
