/* What train compares with: the chosen references, or the parts of data that are not separable. */
#include "cli/train.h"

#include <math.h>

/* Relative: how far the gradient of the loss is reduced for the minimiser, and the gap to which the direction of the
 * separable part is solved. */
static const double MINIMISER_KNOWN_TO = 1e-6, DIRECTION_GAP = 1e-10;

/* The default limits: of a search for the limit, and of the seconds for all margins together. */
static const double PREDICTION_EFFORT = 4e9, NAMED_EFFORT = 5e10, AFFORDABLE = 10.0;

/* The minimiser on the inseparable part; none if it cannot be certified. */
static biascope_status find_minimiser(train_run *run, biascope_error *error) {
  char loss[64] = "";
  biascope_status status = biascope_options_get(run->options, "loss", loss, sizeof loss, error);
  if (status == BIASCOPE_OK) status = biascope_problem_minimiser(run->problem, loss, &run->minimiser, error);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

static biascope_status take_apart(train_run *run, biascope_error *error) {
  run->separable = false;
  run->not_separable = *error;
  if (biascope_dataset_outputs(run->data) > 1) return BIASCOPE_OK; /* whose parts cannot be decided */
  const biascope_status status = biascope_problem_parts(run->problem, &run->parts, error);
  if (status == BIASCOPE_NOT_CONVERGED) {
    *error = run->not_separable;
    return BIASCOPE_NOT_SEPARABLE;
  }
  return status == BIASCOPE_OK ? find_minimiser(run, error) : status;
}

/* The references that are named; else every norm that the remaining seconds allow, the cheapest first. */
static void choose_references(train_run *run) {
  double left = AFFORDABLE;
  run->wanted = run->chosen ? run->named : 0;
  const biascope_reference_set all = biascope_dataset_references(run->data);
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS && !run->chosen; n++) {
    if (!(all >> n & 1)) continue;
    const double seconds = biascope_margin_seconds(run->data, biascope_reference_norm(n));
    const bool affordable = seconds <= left;
    *(affordable ? &run->wanted : &run->too_long) |= 1u << n;
    if (affordable) left -= seconds;
  }
}

static biascope_status find_limit(train_run *run, biascope_error *error) {
  const double effort = run->chosen ? NAMED_EFFORT : PREDICTION_EFFORT;
  const biascope_status status = biascope_problem_limit(run->problem, run->options, effort, &run->prediction, error);
  if (status != BIASCOPE_USAGE && status != BIASCOPE_NOT_CONVERGED) return status;
  run->prediction = NULL;
  run->no_limit = *error;
  return BIASCOPE_OK;
}

biascope_status train_compare(train_run *run, biascope_error *error) {
  if (run->compared) return BIASCOPE_OK;
  run->compared = true;
  choose_references(run);
  biascope_status status = BIASCOPE_OK;
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS && status == BIASCOPE_OK; n++) {
    const biascope_margin *solution;
    if (run->wanted >> n & 1)
      status = biascope_problem_margin(run->problem, biascope_reference_norm(n), &solution, error);
    if (status == BIASCOPE_NOT_CONVERGED) status = BIASCOPE_OK;
  }
  if (status == BIASCOPE_OK && !run->no_prediction) status = find_limit(run, error);
  return status == BIASCOPE_NOT_SEPARABLE ? take_apart(run, error) : status;
}

const biascope_margin *train_reference(const train_run *run, size_t reference) {
  const biascope_margin *solution = NULL;
  if (run->separable && run->wanted >> reference & 1)
    biascope_problem_margin(run->problem, biascope_reference_norm(reference), &solution, NULL);
  return solution;
}

biascope_status train_measure(train_run *run, const double *w, biascope_measurement *out, biascope_error *error) {
  return biascope_problem_measure(run->problem, run->separable ? run->wanted : 0, run->prediction, w, out, error);
}

void train_print_parts(const train_run *run) {
  const biascope_parts_measurement s = run->split;
  cli_print_parts(run->parts);
  if (isfinite(s.distance) && s.length == 0.0)
    printf("inside     at distance %.3g from the minimiser, which is 0\n", s.distance);
  else if (isfinite(s.distance))
    printf("inside     at distance %s from the minimiser, whose length is %s\n",
           biascope_small_digits(s.distance, MINIMISER_KNOWN_TO * s.length, 3).text,
           biascope_digits(s.length, MINIMISER_KNOWN_TO * s.length, 6).text);
  if (isfinite(s.cosine)) {
    const double error = biascope_cosine_known_to(s.cosine, biascope_angle_known_to(DIRECTION_GAP));
    printf("outside    cosine %s with the direction\n", biascope_digits(s.cosine, error, 8).text);
  }
}

json_t *train_json_parts(const train_run *run) {
  const biascope_parts_measurement s = run->split;
  json_t *parts = cli_json_parts(run->parts);
  json_object_set_new(parts, "cosine", cli_json_number(s.cosine));
  json_object_set_new(parts, "minimiser_distance", cli_json_number(s.distance));
  json_object_set_new(parts, "minimiser",
                      run->minimiser ? cli_json_array(run->parts->features, run->minimiser) : json_null());
  return parts;
}
