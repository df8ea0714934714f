#include "confirm/average.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "data/dataset.h"
#include "forecast/model.h"
#include "limit/step_sum.h"
#include "margin/rows.h"
#include "train/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The run is taken to this step, and the equation followed through the others. */
static const uint64_t TAKEN = UINT64_C(200000);
enum { MARKS = 3 };
static const uint64_t MARK[MARKS] = {UINT64_C(10000000000000), UINT64_C(100000000000000), UINT64_C(1000000000000000)};
/* The run is within so many estimates of the equation, with such an estimate at most. */
static const double ESTIMATES = 3.0, LARGEST_ESTIMATE = 0.03;
/* 1 - cos between the last two increments. */
static const double SETTLED = 1e-6;
static const double MOST_CELLS = 2e6;

void bs_average_free(bs_average *average) {
  free(average->increment);
  memset(average, 0, sizeof *average);
}

static bool applies(const biascope_dataset *data, const biascope_options *training) {
  const bool averages = bs_optimizer_rule_of(training->optimizer)->second == BS_SECOND_AVERAGE;
  return averages && bs_model_covers(training) && bs_model_is_quick(data) && training->order == BIASCOPE_CYCLIC &&
         training->eps == 0.0 && !bs_weights_shrink(training) && training->schedule == BIASCOPE_INVERSE_POWER &&
         training->lr_decay < 1.0 && (double)data->samples * (double)bs_margin_weights(data) <= MOST_CELLS;
}

/* Whether the run after TAKEN steps is where the equation says. */
static biascope_status compare(const biascope_dataset *data, const biascope_options *training,
                               biascope_forecast *forecast, bool *agrees, biascope_error *error) {
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(data, training, &trainer, error);
  if (status != BIASCOPE_OK) return status;
  status = biascope_trainer_run(trainer, TAKEN, error);
  if (status == BIASCOPE_OK) status = biascope_forecast_advance(forecast, TAKEN, error);
  if (status == BIASCOPE_OK) {
    const double estimate = biascope_forecast_quality_of(forecast).error_estimate;
    const double angle =
        bs_angle(bs_margin_weights(data), biascope_trainer_weights(trainer), biascope_forecast_weights(forecast));
    *agrees = estimate > 0.0 && estimate <= LARGEST_ESTIMATE && angle <= ESTIMATES * estimate;
  }
  biascope_trainer_free(trainer);
  return status;
}

static double least_growth(const biascope_dataset *data, const biascope_options *training, const double *increment) {
  const double sum = bs_step_sum(training->lr, training->lr_decay, (double)MARK[MARKS - 1]) -
                     bs_step_sum(training->lr, training->lr_decay, (double)MARK[MARKS - 2]);
  double least = INFINITY;
  for (size_t i = 0; i < data->samples; i++) least = fmin(least, bs_margin_of_sample(data, i, increment) / sum);
  return least;
}

/* Through the marks. kept: 3 d. */
static biascope_status follow(const biascope_dataset *data, biascope_forecast *forecast, double *kept, bs_average *out,
                              biascope_error *error) {
  const size_t d = bs_margin_weights(data);
  double *before = kept, *last = kept + d, *earlier = kept + 2 * d;
  biascope_status status = BIASCOPE_OK;
  for (int m = 0; m < MARKS && status == BIASCOPE_OK; m++) {
    status = biascope_forecast_advance(forecast, MARK[m], error);
    memcpy(earlier, out->increment, d * sizeof *earlier);
    memcpy(before, last, d * sizeof *before);
    memcpy(last, biascope_forecast_weights(forecast), d * sizeof *last);
    for (size_t k = 0; k < d; k++) out->increment[k] = last[k] - before[k];
  }
  out->settles = status == BIASCOPE_OK && 1.0 - bs_cosine(d, out->increment, earlier) <= SETTLED;
  return status;
}

biascope_status bs_average_follow(const biascope_dataset *data, const biascope_options *training, bs_average *out,
                                  biascope_error *error) {
  *out = (bs_average){0};
  if (!applies(data, training)) return BIASCOPE_OK;
  biascope_forecast *forecast = NULL;
  bool agrees = false;
  double *kept = BS_NEW(double, 3 * bs_margin_weights(data));
  out->increment = BS_NEW(double, bs_margin_weights(data));
  biascope_status status = kept && out->increment ? BIASCOPE_OK : bs_fail_memory(error, "the averaged run");
  if (status == BIASCOPE_OK) status = biascope_forecast_create(data, training, MARK[MARKS - 1], &forecast, error);
  if (status == BIASCOPE_OK) status = compare(data, training, forecast, &agrees, error);
  if (status == BIASCOPE_OK && agrees) status = follow(data, forecast, kept, out, error);
  if (status == BIASCOPE_OK && out->settles) out->growth = least_growth(data, training, out->increment);
  biascope_forecast_free(forecast);
  free(kept);
  if (status != BIASCOPE_OK) bs_average_free(out);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status; /* it cannot be followed */
}
