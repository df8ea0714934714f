// The bits of training in the page are those of the native library: BITS has what tests/portable/training_bits.c prints.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { launch, open } from "./browser.mjs";

const SAMPLES = 12, FEATURES = 30, STEPS = 3000;

// The values of training_bits.c: a linear congruential generator's, from -1/2 to 1/2.
function values() {
  let state = 1;
  return Array.from({ length: SAMPLES * FEATURES }, () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 16) / 65536 - 0.5);
}

// A hexadecimal floating number as C's %a prints it.
function number(text) {
  const [, sign, whole, fraction, exponent] = /^(-?)0x([01])\.?([0-9a-f]*)p([+-]\d+)$/.exec(text);
  return (sign ? -1 : 1) * (parseInt(whole + fraction, 16) / 16 ** fraction.length) * 2 ** Number(exponent);
}

test("99 runs, the same bits", async () => {
  const browser = await launch();
  await open(browser.page);
  const flat = values(), points = Array.from({ length: SAMPLES }, (_, i) => [...flat.slice(i * FEATURES, (i + 1) * FEATURES), 1]);
  const lines = readFileSync(process.env.BITS, "utf8").trim().split("\n").map((line) => line.split(" "));
  assert.equal(lines.length, 99);
  const runs = lines.map(([optimizer, batch_size, loss]) => ({ optimizer, batch_size, loss, order: batch_size === "5" ? "shuffle" : "cyclic" }));
  const trained = await browser.page.evaluate(async ({ points, runs, steps }) => {
    const { client } = explorer.views.many.runner, found = [];
    const data = { kind: "points", points, classes: 1, intercept: false };
    for (const options of runs)
      found.push(await new Promise((done) => {
        let weights = null;
        client.ask("train", { dataKey: "bits", data, options, speed: Infinity, total: steps }, (event, content) => {
          if (event === "frame") weights = content.state.weights;
          if (event === "end") done(weights);
        });
      }));
    return found;
  }, { points, runs, steps: STEPS });
  lines.forEach((line, i) => assert.deepEqual(trained[i], line.slice(3).map(number), line.slice(0, 3).join(" ")));
  await browser.close();
});
