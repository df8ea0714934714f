// The tour: every claim of its sentences, by the numbers that the page itself computes.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { launch, open, settle, status, known } from "./browser.mjs";

let browser, page;
before(async () => { browser = await launch(); page = browser.page; await open(page); });
after(async () => { await browser.close(); });

// What must be true of each step's measures.
const CLAIMS = [
  ({ cosine }) => cosine("l2") > 0.9999 && cosine("linf") < 0.999,
  ({ cosine }) => cosine("linf") > 0.9999 && cosine("l2") < 0.999,
  ({ cosine }) => cosine("l2") < 0.98 && cosine("linf") < 0.98,
  ({ cosine }) => cosine("l2") < 0.99 && cosine("linf") < 0.99,
  ({ cosine, limit }) => cosine("linf") > 0.98 && limit.measures.ratio_linf > 0.99,
  ({ cosine }) => cosine("l2") > 0.9999 && cosine("linf") < 0.99,
  ({ limit }) => limit.kind === 1,
  async ({ data, margins, cosine }) => { // training, too, is closer to the spectral max margin than to any other
    await page.waitForFunction(() => explorer.view.frame?.state.step > 2e4 && explorer.view.values.training, null, { timeout: 60000 });
    const measures = await page.evaluate(() => explorer.view.values.training.measures);
    return data.outputs === 5 && cosine("spectral") > 0.9999 && margins.spectral.unique && measures.cosine_spectral > 0.99 && ["l2", "linf", "l1"].every((norm) => measures[`cosine_${norm}`] < 0.985);
  },
];

test("eight steps, each true", async () => {
  await page.click("#tab-tour");
  for (let step = 1; step <= 8; step++) {
    await settle(page);
    const facts = await known(page);
    facts.cosine = (norm) => facts.limit?.measures?.[`cosine_${norm}`];
    assert.match(await page.textContent("#tour-title"), new RegExp(`^${step} of 8`));
    const sentences = (await page.textContent("#tour-text")).match(/[.:?] |\.$/g).length;
    assert.ok(sentences >= 2);
    assert.ok(await CLAIMS[step - 1](facts), `step ${step}: ${await status(page)} ${JSON.stringify(facts.limit?.measures)}`);
    if (step < 8) await page.click("#tour-next");
  }
  await page.click("#tour-close");
  await settle(page);
  assert.equal(await page.isVisible("#tour"), false);
});
