// Runs in a worker, with a core of its own: answers requests {id, method, ...}, and streams a run or a forecast.
import { Core } from "./core.js";
import { Run } from "./run.js";
import { solve } from "./solve.js";
import { followForecast, fillPhases } from "./stream.js";

let core, loaded = { key: null };

// Data are given once under a key, and again only when the key changes.
function load(request) {
  if (request.dataKey !== loaded.key) {
    loaded = { key: request.dataKey, reply: core.setData(request.data) };
  }
  return loaded.reply;
}

const tell = (id) => (event, content) => postMessage({ id, event, ...content });
const run = new Run();

const METHODS = {
  async open({ module }) {
    core = await Core.create(module);
    return { status: 0 };
  },
  describe: () => core.describe(),
  load: (request) => load(request),
  solve(request) {
    const data = load(request);
    return data.status !== 0 ? { data } : { data, ...solve(core, request, data) };
  },
  measure({ weights, references }) { return core.measure(weights, references); },
  train(request) {
    const data = load(request), options = data.status === 0 ? core.setOptions(request.options) : data;
    return options.status === 0 ? run.start(core, request, tell(request.id)) : options;
  },
  control({ speed, paused }) { return run.control({ speed, paused }); },
  stop() { return run.stop(); },
  forecast(request) {
    const data = load(request), options = data.status === 0 ? core.setOptions(request.options) : data;
    return options.status === 0 ? followForecast(core, request, tell(request.id)) : options;
  },
  phases(request) {
    const data = load(request);
    return data.status === 0 ? fillPhases(core, request, data, tell(request.id)) : data;
  },
};

onmessage = async ({ data: request }) => {
  try {
    postMessage({ id: request.id, event: "done", reply: await METHODS[request.method](request) });
  } catch (failure) {
    postMessage({ id: request.id, event: "done", reply: { status: 5, message: `the core stopped: ${failure.message}` }, broken: true });
  }
};
