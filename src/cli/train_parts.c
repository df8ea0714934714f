/* What train compares with where no direction separates the data. */
#include "cli/train.h"

#include "base/vector.h"
#include <math.h>
#include <stdlib.h>

biascope_status train_take_apart(train_run *run, biascope_error *error) {
  biascope_error refused;
  if (biascope_parts_find(run->data, &run->parts, &refused) != BIASCOPE_OK) return BIASCOPE_NOT_SEPARABLE;
  run->minimiser = calloc(biascope_dataset_features(run->data), sizeof *run->minimiser);
  double residual;
  if (!run->minimiser || biascope_parts_minimise(run->data, &run->parts, run->options->loss, run->minimiser, &residual,
                                                 &refused) != BIASCOPE_OK) {
    free(run->minimiser);
    run->minimiser = NULL;
  }
  run->not_separable = *error;
  *error = (biascope_error){0};
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
  double *inside = malloc(2 * d * sizeof *inside);
  split s = {NAN, NAN, NAN};
  if (!inside) return s;
  double *outside = inside + d;
  biascope_parts_project(&run->parts, w, inside);
  for (size_t k = 0; k < d; k++) outside[k] = w[k] - inside[k];
  if (run->parts.separable_count > 0) s.cosine = bs_cosine(d, outside, run->parts.direction);
  if (run->minimiser) {
    s.length = bs_norm2(d, run->minimiser);
    bs_axpy(d, -1.0, run->minimiser, inside);
    s.distance = bs_norm2(d, inside);
  }
  free(inside);
  return s;
}

void train_print_parts(const train_run *run) {
  const split s = split_of(run);
  cli_print_parts(&run->parts);
  if (isfinite(s.distance))
    printf("inside     at distance %.3g from the minimiser, whose length is %.6g\n", s.distance, s.length);
  if (isfinite(s.cosine)) printf("outside    cosine %.8f with the direction\n", s.cosine);
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
