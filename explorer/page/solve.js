// In a worker: everything known of data and options without training.

const OK = 0, NOT_SEPARABLE = 3;
export const EFFORT = 4e9; // multiplications of a prediction: some seconds

export function referencesOf(outputs) {
  return outputs === 1 ? ["l2", "linf", "l1"] : ["l2", "linf", "l1", "spectral"];
}

// The limit, with its measures against the references.
export function limitOf(core, request, data) {
  const options = core.setOptions(request.options);
  if (options.status !== OK) return { ...options, stage: "options" };
  const limit = core.limit(EFFORT);
  if (limit.direction)
    limit.measures = core.measure(limit.direction, request.norms ?? referencesOf(data.outputs));
  return { ...limit, values: options.values };
}

export function solve(core, request, data) {
  const options = core.setOptions(request.options);
  const separable = core.separable();
  const margins = {};
  if (separable.status !== NOT_SEPARABLE)
    for (const norm of request.norms ?? referencesOf(data.outputs)) margins[norm] = core.margin(norm);
  const limit = separable.status === NOT_SEPARABLE ? null : limitOf(core, request, data);
  const solved = Object.keys(margins).filter((norm) => margins[norm].status === OK);
  for (const norm of solved) margins[norm].measures = core.measure(margins[norm].direction, solved);
  return { options, separable, margins, limit };
}
