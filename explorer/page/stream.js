// In a worker: long computations that tell what they have found so far.
import { limitOf } from "./solve.js";

const OK = 0;

// The forecast at the recorded steps up to request.steps, with its measures.
export function followForecast(core, request, tell) {
  let reply = core.startForecast(request.steps);
  for (let step = 0; reply.status === OK && step < request.steps;) {
    step = core.recordNext(step, request.steps, request.perDecade);
    reply = core.forecast(step);
    if (reply.status === OK)
      tell("point", { step, error: reply.error_estimate, log_loss: reply.log_loss,
        measures: core.measure(reply.weights, request.norms) });
  }
  return { status: reply.status, message: reply.message };
}

// The limit for every pair of request.columns and request.rows: {name, values} of two options.
export function fillPhases(core, request, data, tell) {
  const { columns, rows } = request;
  rows.values.forEach((row, y) => columns.values.forEach((column, x) => {
    const options = { ...request.options, [columns.name]: column, [rows.name]: row };
    const limit = limitOf(core, { options, norms: request.norms }, data);
    tell("cell", { x, y, limit });
  }));
  return { status: OK };
}
