// Debian's Chromium with the page of PAGE, opened from disk.
import { chromium } from "playwright-core";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const ADDRESS = pathToFileURL(process.env.PAGE).href;

export async function launch(size = { width: 1280, height: 900 }, more = {}) {
  const folder = mkdtempSync(`${tmpdir()}/explorer-`);
  const context = await chromium.launchPersistentContext(folder, { executablePath: "/usr/bin/chromium", args: ARGUMENTS, viewport: size, ...more });
  const requests = [], complaints = [];
  context.on("request", (request) => { if (!/^(file|blob|data):/.test(request.url())) requests.push(request.url()); });
  const page = context.pages()[0] ?? await context.newPage();
  page.on("console", (text) => { if (["error", "warning"].includes(text.type())) complaints.push(text.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { context, page, requests, complaints, async close() {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(requests, [], "the page asks the network");
    assert.deepEqual(complaints, [], "the page complains");
  } };
}

// Opens the page with an address' hash, and waits until it has computed something.
export async function open(page, hash = "") {
  await page.goto("about:blank");
  await page.goto(`${ADDRESS}#${hash}`);
  await page.waitForFunction(() => document.body.dataset.ready === "true");
  await settle(page);
}

// Waits until no question is open.
export async function settle(page) {
  await page.waitForTimeout(60);
  await page.waitForFunction(() => { const { solver } = explorer.view; return !solver.busy && !solver.wanted; }, null, { timeout: 60000 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

export const status = (page) => page.textContent("#status");
export const known = (page) => page.evaluate(() => { const { known } = explorer.view; return known && { limit: known.limit, margins: known.margins, separable: known.separable, data: known.data, options: known.options }; });
