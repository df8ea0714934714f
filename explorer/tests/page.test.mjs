// What a reader does with the page, and what it answers.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { launch, open, settle, status, known } from "./browser.mjs";

let browser, page;
before(async () => { browser = await launch(); page = browser.page; });
after(async () => { await browser.close(); });

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const cosine = (a, b) => { const dot = (u, v) => u.reduce((sum, x, i) => sum + x * v[i], 0); return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)); };

async function drag(index, dx, dy, steps = 10) {
  const box = await page.locator(`.point[data-index="${index}"] .mark`).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + dx, box.y + box.height / 2 + dy, { steps });
  await page.mouse.up();
}

async function drop(name, text) {
  const data = await page.evaluateHandle(([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, { type: "text/csv" }));
    return transfer;
  }, [name, text]);
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
  await settle(page);
}

test("the file is small, and trains, solves and predicts from disk", async () => {
  assert.ok(statSync(process.env.PAGE).size <= 1.5e6);
  await open(page);
  const { limit, margins, separable } = await known(page);
  assert.equal(separable.status, 0);
  assert.equal(limit.status, 0);
  for (const norm of ["l2", "linf", "l1"]) assert.ok(margins[norm].gap < 1e-9);
  assert.match(await status(page), /converges to the ℓ∞ max margin/);
  await page.waitForFunction(() => explorer.view.frame?.state.step > 100);
});

test("a point that is dragged moves the prediction, and training begins again", async () => {
  await open(page, "optimizer=gd");
  const before = await known(page);
  await drag(6, -60, 60);
  await settle(page);
  const after = await known(page);
  assert.ok(cosine(before.limit.direction, after.limit.direction) < 0.9999);
  assert.ok(cosine(after.limit.direction, after.margins.l2.direction) > 0.999999);
});

test("the optimizer decides the limit", async () => {
  await open(page);
  for (const [optimizer, norm] of [["gd", "l2"], ["signgd", "linf"], ["adam", "linf"]]) {
    await page.selectOption("#option-optimizer", optimizer);
    await settle(page);
    const { limit, margins } = await known(page);
    assert.ok(cosine(limit.direction, margins[norm].direction) > 0.9999, optimizer);
  }
  assert.equal(await page.isVisible("#option-beta2"), true);
  await page.selectOption("#option-optimizer", "gd");
  await settle(page);
  assert.equal(await page.isVisible("#option-beta2"), false);
});

test("points are added, relabelled and removed by pointer and by keyboard", async () => {
  await open(page);
  const count = () => page.evaluate(() => explorer.state.points.length);
  const n = await count();
  await page.click("#plane-picture", { position: { x: 60, y: 60 } });
  assert.equal(await count(), n + 1);
  await page.locator(".point").nth(n).focus();
  const [x] = await page.evaluate((i) => explorer.state.points[i], n);
  await page.keyboard.press("ArrowRight");
  assert.ok(Math.abs(await page.evaluate((i) => explorer.state.points[i][0], n) - x - 0.1) < 1e-9);
  await page.keyboard.press("3");
  await settle(page);
  assert.equal((await known(page)).data.outputs, 3);
  await page.keyboard.press("Delete");
  assert.equal(await count(), n);
  await settle(page);
  assert.equal((await known(page)).data.outputs, 1);
});

test("what cannot be separated is said, with the points", async () => {
  await open(page, "points=a100.100b-100.-100a-100.-50b120.110b100.100&intercept=0");
  assert.match(await status(page), /not separable: points 1 \(A\).* cannot all be on their own side/);
  assert.ok(await page.locator(".point.stuck").count() >= 2);
  await open(page, "points=a100.100a-100.-100");
  assert.match(await status(page), /All points are of class A/);
  await page.click("#clear");
  assert.match(await status(page), /no points/);
});

test("the address holds the state, and no address breaks the page", async () => {
  await open(page);
  await page.selectOption("#option-optimizer", "signum");
  await drag(0, -40, 30);
  await settle(page);
  await page.waitForTimeout(250);
  const hash = await page.evaluate(() => location.hash.slice(1)), points = await page.evaluate(() => explorer.state.points);
  await open(page, hash);
  assert.deepEqual(await page.evaluate(() => explorer.state.points), points);
  assert.equal(await page.inputValue("#option-optimizer"), "signum");
  for (const hostile of ["optimizer=<img>&points=zzz&speed=99&shown=x", "optimizer=nothing", "beta1=2&optimizer=adam", "view=many&steps=-1&data=..", "points=" + "a1.1".repeat(5000)]) {
    await open(page, hostile);
    assert.ok((await status(page)).length > 10);
  }
});

test("a file that is dropped is trained on, and stays in the browser", async () => {
  await open(page, "view=many");
  await drop("flowers.csv", "length,width,species\n1,2,rose\n2,1,tulip\n1.5,2.5,rose\n3,1,tulip\n");
  assert.equal(await page.inputValue("#label-column"), "2");
  assert.match(await status(page), /4 samples of 3 features/);
  assert.equal((await known(page)).limit.status, 0);
  await page.waitForFunction(() => (explorer.view.curves.linf ?? []).length > 5);
});

test("a broken file gives its line, and the page goes on", async () => {
  await open(page, "view=many");
  await drop("broken.csv", "1,2,3\n4,x,6\n");
  assert.match(await status(page), /broken\.csv:2:3: field 2/i);
  await drop("one.csv", "a,label\n1,x\n2,x\n");
  assert.match(await status(page), /expected exactly two distinct values/);
  await drop("picture.png", "nothing");
  assert.match(await status(page), /unknown file ending/i);
  await drop("fine.csv", "1,2\n2,1\n");
  assert.match(await status(page), /2 samples of 2 features/);
});

test("a million rows freeze nothing, and the computation can be stopped", async () => {
  await open(page, "view=many&optimizer=gd");
  await page.evaluate(() => {
    const rows = [];
    for (let i = 0; i < 1e6; i++) rows.push(`${(i * 7919 % 1000) / 500 - 0.2},${(i * 104729 % 1000) / 500 - 0.2},1`);
    const transfer = new DataTransfer();
    transfer.items.add(new File([rows.join("\n")], "million.csv"));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
  });
  const waits = await page.evaluate(async () => {
    const gaps = [];
    for (let last = performance.now(), i = 0; i < 30; i++) {
      await new Promise((done) => setTimeout(done, 50));
      gaps.push(performance.now() - last);
      last = performance.now();
    }
    return gaps;
  });
  assert.ok(median(waits) < 500);
  if (await page.isVisible("#waiting")) {
    await page.click("#stop");
    await settle(page);
    assert.match(await status(page), /stopped/i);
  }
  await settle(page);
  await page.selectOption("#data", "gaussian");
  await settle(page);
  assert.match(await status(page), /10 samples of 50 features/);
});

test("curves run into the predicted levels, and the diagram fills", async () => {
  await open(page, "view=many&optimizer=adam&batch_size=full&beta1=0.9&beta2=0.95&steps=100000");
  await page.waitForFunction(() => !explorer.view.running && (explorer.view.curves.linf ?? []).length > 30, null, { timeout: 60000 });
  await page.waitForFunction(() => explorer.view.curves.limit.at(-1)[0] === 1e5 && explorer.view.curves.limit.at(-1)[1] > 0.99);
  await page.click("#fill");
  await page.waitForFunction(() => explorer.view.filling === null, null, { timeout: 120000 });
  assert.equal(await page.locator(".cell").count(), 80);
  assert.equal(await page.locator(".cell.known").count(), 50); // beta1^2 > beta2 has no certified direction
});

test("a drag costs little, and its prediction comes at once", async () => {
  await open(page, "points=" + await page.evaluate(() => Array.from({ length: 20 }, (_, i) => (i % 2 ? "b" : "a") +
    `${(i % 2 ? 1 : -1) * (100 + i * 9)}.${(i * 73 % 200) - 100}`).join("")));
  await page.waitForTimeout(500);
  await page.evaluate(() => { explorer.times.frames.length = explorer.times.answers.length = 0; });
  await drag(3, 30, 40, 40);
  await settle(page);
  const { frames, answers } = await page.evaluate(() => explorer.times);
  console.log(`frames: median ${median(frames).toFixed(2)} ms of ${frames.length}; predictions: median ${median(answers).toFixed(1)} ms of ${answers.length}`);
  assert.ok(frames.length > 10 && answers.length > 3);
});
