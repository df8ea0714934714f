/* What train compares with: the references chosen, or the parts of data that no direction separates. */
#include "cli/train.h"

#include "base/digits.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>

/* Relative: what the gradient of the loss is lowered to leaves of the minimiser's digits, and the gap to which the
 * separable part's direction is solved. */
static const double MINIMISER_KNOWN_TO = 1e-6, DIRECTION_GAP = 1e-10;

/* The minimiser on the inseparable part; none where it cannot be certified. */
static biascope_status find_minimiser(train_run *run, biascope_error *error) {
  double residual;
  char loss[64] = "";
  run->minimiser = BS_NEW(double, run->parts.features);
  if (!run->minimiser) return bs_fail_memory(error, "the minimiser");
  biascope_status status = biascope_options_get(run->options, "loss", loss, sizeof loss, error);
  if (status == BIASCOPE_OK)
    status = biascope_parts_minimise(run->data, &run->parts, loss, run->minimiser, &residual, error);
  if (status != BIASCOPE_NOT_CONVERGED) return status;
  free(run->minimiser);
  run->minimiser = NULL;
  return BIASCOPE_OK;
}

static biascope_status take_apart(train_run *run, biascope_error *error) {
  run->not_separable = *error;
  biascope_status status = biascope_parts_find(run->data, &run->parts, error);
  if (status == BIASCOPE_NOT_CONVERGED) {
    *error = run->not_separable;
    return BIASCOPE_NOT_SEPARABLE;
  }
  if (status == BIASCOPE_OK) status = find_minimiser(run, error);
  run->halves = BS_NEW(double, 2 * biascope_dataset_features(run->data));
  if (status == BIASCOPE_OK && !run->halves) status = bs_fail_memory(error, "the weights in two parts");
  return status;
}

biascope_status train_compare(train_run *run, biascope_error *error) {
  if (run->compared) return BIASCOPE_OK;
  run->compared = true;
  biascope_status status = bs_reference_create(run->data, &run->choice, &run->reference, error);
  if (status == BIASCOPE_OK && !run->no_prediction)
    status = bs_reference_predict(run->reference, run->options, &run->prediction, error);
  if (status != BIASCOPE_NOT_SEPARABLE) return status;
  bs_reference_free(run->reference);
  run->reference = NULL;
  return take_apart(run, error);
}

biascope_status train_measure(train_run *run, const double *w, bs_measurement *out, biascope_error *error) {
  if (run->reference) return bs_reference_measure(run->reference, run->prediction, w, out, error);
  out->cosine_predicted = NAN;
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) {
    out->margin[n] = biascope_margin_of(run->data, (biascope_norm){.kind = (biascope_norm_kind)n}, w);
    out->ratio[n] = out->cosine[n] = out->angle[n] = NAN;
  }
  return BIASCOPE_OK;
}

/* The weights in the two parts' terms. NaN where there is no such part. */
typedef struct {
  double cosine;   /* of their part outside the inseparable span with the direction */
  double distance; /* of their part inside from the minimiser */
  double length;   /* of the minimiser */
} split;

static split split_of(const train_run *run) {
  const size_t d = biascope_dataset_features(run->data);
  const double *w = biascope_trainer_weights(run->trainer);
  double *inside = run->halves, *outside = inside + d;
  split s = {NAN, NAN, NAN};
  biascope_parts_project(&run->parts, w, inside);
  for (size_t k = 0; k < d; k++) outside[k] = w[k] - inside[k];
  if (run->parts.separable_count > 0) s.cosine = bs_cosine(d, outside, run->parts.direction);
  if (run->minimiser) {
    s.length = bs_norm2(d, run->minimiser);
    bs_axpy(d, -1.0, run->minimiser, inside);
    s.distance = bs_norm2(d, inside);
  }
  return s;
}

void train_print_parts(const train_run *run) {
  const split s = split_of(run);
  cli_print_parts(&run->parts);
  if (isfinite(s.distance))
    printf("inside     at distance %s from the minimiser, whose length is %s\n",
           bs_small_digits(s.distance, MINIMISER_KNOWN_TO * s.length, 3).text,
           bs_digits(s.length, MINIMISER_KNOWN_TO * s.length, 6).text);
  if (isfinite(s.cosine)) {
    const double error = bs_cosine_known_to(s.cosine, bs_angle_known_to(DIRECTION_GAP));
    printf("outside    cosine %s with the direction\n", bs_digits(s.cosine, error, 8).text);
  }
}

json_t *train_json_parts(const train_run *run) {
  const split s = split_of(run);
  json_t *parts = cli_json_parts(&run->parts);
  json_object_set_new(parts, "cosine", cli_json_number(s.cosine));
  json_object_set_new(parts, "minimiser_distance", cli_json_number(s.distance));
  json_object_set_new(parts, "minimiser",
                      run->minimiser ? cli_json_array(run->parts.features, run->minimiser) : json_null());
  return parts;
}
