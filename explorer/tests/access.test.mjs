// For everyone: axe-core's rules in both views and both themes, a narrow screen, touch.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { launch, open, settle } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

for (const theme of ["light", "dark"])
  for (const hash of ["view=plane&tour=2", "view=many"])
    test(`axe finds nothing serious: ${hash}, ${theme}`, async () => {
      const browser = await launch({ width: 1280, height: 900 }, { colorScheme: theme });
      await open(browser.page, hash);
      if (hash === "view=many") {
        await browser.page.click("#fill");
        await browser.page.waitForFunction(() => explorer.view.filling === null, null, { timeout: 120000 });
      }
      await browser.page.evaluate(AXE);
      const { violations } = await browser.page.evaluate(() => axe.run());
      assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => [id, nodes[0].html]), []);
      await browser.close();
    });

test("nothing is cut off at 360 pixels, and a finger moves a point", async () => {
  const browser = await launch({ width: 360, height: 740 }, { hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  for (const view of ["plane", "many"]) {
    await open(browser.page, `view=${view}&tour=${view === "plane" ? 1 : 3}`);
    assert.ok(await browser.page.evaluate(() => document.documentElement.scrollWidth) <= 360, view);
  }
  await open(browser.page);
  const place = () => browser.page.evaluate(() => explorer.state.points[6].slice(0, 2));
  const before = await place(), box = await browser.page.locator('.point[data-index="6"] .mark').boundingBox();
  const session = await browser.context.newCDPSession(browser.page), x = box.x + box.width / 2, y = box.y + box.height / 2;
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
  for (let i = 1; i <= 5; i++) await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: x - 5 * i, y: y + 5 * i }] });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await settle(browser.page);
  assert.notDeepEqual(await place(), before);
  await browser.close();
});
