// The C library as a JavaScript object: texts and arrays in, plain objects out. Works in workers, pages and Node.

// What the module asks of a system: a clock, and a place for messages of a failed assertion.
function systemOf(memory) {
  const view = () => new DataView(memory().buffer);
  return {
    clock_time_get(clock, precision, out) {
      view().setBigUint64(out, BigInt(Math.round(performance.now() * 1e6)), true);
      return 0;
    },
    fd_write(descriptor, vectors, count, out) {
      let written = 0;
      for (let i = 0; i < count; i++) {
        const start = view().getUint32(vectors + 8 * i, true), length = view().getUint32(vectors + 8 * i + 4, true);
        console.error(new TextDecoder().decode(new Uint8Array(memory().buffer, start, length)));
        written += length;
      }
      view().setUint32(out, written, true);
      return 0;
    },
    proc_exit(code) { throw new Error(`the core ended with code ${code}`); },
  };
}

// Functions that the module names but a page has no use for, such as closing a file, answer "not possible" (ENOSYS).
function importsOf(module, memory) {
  const imports = {}, system = systemOf(memory);
  for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== "function") continue;
    imports[space] ??= {};
    imports[space][name] = system[name] ?? (() => 52);
  }
  return imports;
}

export async function compileCore(bytes) {
  return WebAssembly.compile(bytes);
}

// The names of the references, by their numbers.
const REFERENCES = ["l2", "linf", "l1", "spectral", "nuclear", "proxy"];

export class Core {
  static async create(module) {
    let exports;
    const instance = await WebAssembly.instantiate(module, importsOf(module, () => exports.memory));
    exports = instance.exports;
    exports._initialize?.();
    return new Core(exports);
  }

  constructor(exports) {
    this.c = exports;
    this.handle = exports.explorer_create();
  }

  // Calls with arguments copied into the module's memory: texts, typed arrays, numbers.
  call(name, ...values) {
    const taken = [];
    const passed = values.map((value) => {
      if (typeof value === "number") return value;
      const bytes = typeof value === "string" ? new TextEncoder().encode(value + "\0")
        : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      const place = this.c.explorer_allocate(bytes.length);
      if (!place) throw new Error("out of memory");
      taken.push(place);
      new Uint8Array(this.c.memory.buffer).set(bytes, place);
      return place;
    });
    const reply = this.c[name](this.handle, ...passed);
    for (const place of taken) this.c.explorer_release(place);
    return this.parse(reply);
  }

  parse(place) {
    const bytes = new Uint8Array(this.c.memory.buffer);
    return JSON.parse(new TextDecoder().decode(bytes.subarray(place, bytes.indexOf(0, place))));
  }

  describe() { return this.call("explorer_describe"); }

  // data: {kind: "points", points: [[x, y, label]], classes, intercept}, {kind: "file", name, bytes, label, standardize,
  // intercept} or {kind: "generate", generator, samples, features, seed, classes, distance}.
  setData(data) {
    const reply = this.readData(data);
    this.samples = reply.samples;
    return reply;
  }

  readData(data) {
    if (data.kind === "points") return this.setPoints(data);
    if (data.kind === "file")
      return this.call("explorer_read", data.name, data.bytes, data.bytes.length, data.label ?? "",
        Number(data.standardize ?? false), Number(data.intercept ?? false));
    return this.call("explorer_generate", data.generator, data.samples, data.features, data.seed ?? 0,
      data.classes ?? 0, data.distance ?? 0);
  }

  setPoints({ points, classes, intercept }) {
    const features = points.length ? points[0].length - 1 : 0;
    const values = new Float64Array(points.length * features), labels = new Uint32Array(points.length);
    points.forEach((point, i) => {
      values.set(point.slice(0, features), i * features);
      labels[i] = point[features];
    });
    return this.call("explorer_set_points", points.length, features, classes, values, labels, Number(intercept));
  }

  // A batch of more samples than there are is all of them.
  setOptions(options) {
    const fitting = Number(options.batch_size) >= this.samples ? { ...options, batch_size: "full" } : options;
    return this.call("explorer_set_options", Object.entries(fitting).map(([name, value]) => `${name}=${value}\n`).join(""));
  }

  margin(norm) { return this.call("explorer_margin", REFERENCES.indexOf(norm)); }
  separable() { return this.call("explorer_separable"); }
  limit(effort) { return this.call("explorer_limit", effort); }
  measure(weights, references) {
    const set = REFERENCES.reduce((bits, name, i) => bits | (references.includes(name) ? 1 << i : 0), 0);
    return this.call("explorer_measure", Float64Array.from(weights), set);
  }
  start() { return this.call("explorer_start"); }
  where(withWeights) { return this.call("explorer_where", Number(withWeights)); }
  steps(count) { return this.c.explorer_steps(this.handle, count); }
  recordNext(step, last, perDecade) { return this.c.explorer_record_next(step, last, perDecade); }
  startForecast(steps) { return this.call("explorer_start_forecast", steps); }
  forecast(step) { return this.call("explorer_forecast", step); }
}
