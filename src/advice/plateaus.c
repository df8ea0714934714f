/* The two directions that a run with eps > 0 takes one after the other. */
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "forecast/model.h"
#include "margin/rows.h"
#include "rule/optimizer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS = 10 /* in each decade of steps */ };
static const uint64_t LAST_LOOK = UINT64_C(1000000000000000);
static const double EFFORT = 2e9; /* multiplications that the early limit may take */

void biascope_plateaus_free(biascope_plateaus *plateaus) {
  free(plateaus->early);
  *plateaus = (biascope_plateaus){0};
}

static biascope_status find_early(const biascope_dataset *data, const biascope_options *training,
                                  biascope_plateaus *out, biascope_error *error) {
  biascope_options without = *training;
  without.eps = 0.0;
  const biascope_predict_options options = {.confirm = BIASCOPE_CONFIRM_NONE, .effort = EFFORT};
  biascope_prediction limit;
  const biascope_status status = biascope_predict(data, &without, &options, &limit, error);
  if (status == BIASCOPE_OK) memcpy(out->early, limit.direction, bs_margin_weights(data) * sizeof *out->early);
  biascope_prediction_free(&limit);
  return status;
}

static void look(biascope_plateaus *out, size_t d, const double *w, const double *late, uint64_t step) {
  const double early_cosine = bs_cosine(d, w, out->early);
  out->late_cosine = bs_cosine(d, w, late);
  out->last_step = (double)step;
  if (!(early_cosine <= out->early_cosine)) {
    out->early_cosine = early_cosine;
    out->early_step = (double)step;
  }
  if (out->late_cosine < BIASCOPE_ARRIVED)
    out->late_step = NAN;
  else if (isnan(out->late_step))
    out->late_step = (double)step;
}

/* As far as the equation can be followed. */
static biascope_status follow(const biascope_dataset *data, const biascope_options *training, const double *late,
                              biascope_plateaus *out, biascope_error *error) {
  biascope_forecast *forecast;
  biascope_status status = biascope_forecast_create(data, training, LAST_LOOK, &forecast, error);
  for (uint64_t step = 0; step < LAST_LOOK && status == BIASCOPE_OK;) {
    step = biascope_record_next(step, LAST_LOOK, LOOKS);
    status = biascope_forecast_advance(forecast, step, error);
    if (status == BIASCOPE_OK) look(out, bs_margin_weights(data), biascope_forecast_weights(forecast), late, step);
  }
  biascope_forecast_free(forecast);
  return status == BIASCOPE_NOT_CONVERGED && out->last_step > 0.0 ? BIASCOPE_OK : status;
}

biascope_status biascope_plateaus_find(const biascope_dataset *data, const biascope_options *training,
                                       const double *late, biascope_plateaus *out, biascope_error *error) {
  const size_t d = bs_margin_weights(data);
  *out = (biascope_plateaus){0};
  if (!bs_model_is_quick(data))
    return bs_fail(error, BIASCOPE_NOT_CONVERGED, "the data are too large to follow the run to its end");
  *out = (biascope_plateaus){.early = BS_NEW(double, d), .early_cosine = NAN, .late_step = NAN};
  if (!out->early) return bs_fail_memory(error, "the early limit");
  biascope_status status = find_early(data, training, out, error);
  if (status == BIASCOPE_OK) status = follow(data, training, late, out, error);
  out->between = bs_cosine(d, out->early, late);
  if (status != BIASCOPE_OK) biascope_plateaus_free(out);
  return status;
}
