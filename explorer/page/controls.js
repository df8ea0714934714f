// The controls of the options: which there are, with which values. What an option means and what it may be comes from
// the core's own table; an option that the optimizer does not read is not shown.
import { make, find, set, write } from "./dom.js";
import { superscript } from "./words.js";

const POWERS = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `1e${from + i}`);

const LADDERS = {
  beta1: ["0", "0.5", "0.8", "0.9", "0.95", "0.98", "0.99", "0.995", "0.999"],
  beta2: ["0", "0.5", "0.8", "0.9", "0.95", "0.98", "0.99", "0.995", "0.999", "0.9999"],
  eps: ["0", ...POWERS(-12, 0)],
  weight_decay: ["0", "0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"],
  lr: ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3"],
  lr_decay: ["0", "0.25", "0.5", "0.75", "1"],
};
const LABELS = { optimizer: "optimizer", loss: "loss", batch_size: "batch size", order: "order of batches", beta1: "β₁ (momentum)",
  beta2: "β₂ (second moment)", eps: "ε", weight_decay: "weight decay", lr: "step size η", lr_decay: "step decay a, η (t+2)⁻ᵃ" };
const CHOICES = ["optimizer", "loss", "order"];

// The batch sizes of so many samples: all of few, powers of two of many.
export function batchSizes(samples) {
  const sizes = [];
  for (let b = 1; b < samples; b = samples <= 32 ? b + 1 : b * 2) sizes.push(String(b));
  return [...sizes, "full"];
}

const shown = (value) => value.replace(/^1e(-?\d+)$/, (_, power) => `10${superscript(Number(power))}`);

// A slider over a list of values.
function ladder(name, change) {
  const input = make("input", { type: "range", id: `option-${name}`, min: 0, step: 1,
    input: () => change(name, input.values[Number(input.value)]) });
  const output = make("output", { for: `option-${name}`, id: `value-${name}` });
  input.show = (values, value) => {
    input.values = values.some((v) => Number(v) === Number(value) || v === value) ? values
      : [...values, value].sort((a, b) => Number(a) - Number(b));
    const at = input.values.findIndex((v) => v === value || Number(v) === Number(value));
    set(input, { max: input.values.length - 1, "aria-valuetext": value });
    input.value = at;
    write(output, shown(value));
  };
  return { input, output };
}

export class Controls {
  // change(name, value)
  constructor(table, change) {
    this.rows = {};
    const form = find("options");
    for (const name of Object.keys(LABELS)) {
      const help = table[name].help.replace(/--/g, "");
      const row = make("div", { class: "option", title: help });
      const label = make("label", { for: `option-${name}` }, LABELS[name]);
      if (CHOICES.includes(name)) {
        const input = make("select", { id: `option-${name}`, change: () => change(name, input.value) },
          table[name].expected.replace(/^one of /, "").split(", ").map((choice) => make("option", { value: choice }, choice)));
        row.append(label, input);
        this.rows[name] = { row, show: (value) => { input.value = value; } };
      } else {
        const { input, output } = ladder(name, change);
        row.append(label, output, input);
        this.rows[name] = { row, show: (value, samples) => input.show(name === "batch_size" ? batchSizes(samples) : LADDERS[name], value) };
      }
      form.append(row);
    }
  }

  // values: of the options that are read, or null while they are not known.
  show(values, samples) {
    for (const [name, { row, show }] of Object.entries(this.rows)) {
      const value = values[name];
      row.hidden = value === undefined || (name === "order" && values.batch_size === "full");
      if (value !== undefined) show(name === "batch_size" && Number(value) >= samples ? "full" : value, samples);
    }
  }
}
