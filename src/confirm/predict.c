/* A limit, found and confirmed. */
#include "limit/predict.h"
#include "base/error.h"
#include "confirm/confirm.h"
#include <stdlib.h>

void biascope_prediction_free(biascope_prediction *prediction) {
  free(prediction->direction);
  free(prediction->dual);
  free(prediction->other_directions);
  free(prediction->run_direction);
  *prediction = (biascope_prediction){0};
}

/* By the differential equation, which holds weights frozen over the memory of the moments. */
static biascope_status confirm_by_flow(const biascope_options *training, biascope_status found,
                                       biascope_prediction *out, biascope_error *error) {
  if (bs_has_bounded_update(training)) return found;
  out->kind = BIASCOPE_LIMIT_UNSETTLED;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no limit is predicted without a run for beta1 %g and beta2 %g: where beta1^2 > beta2 the update "
                 "m / sqrt(v) has no bound, because m remembers fading gradients for longer than sqrt(v) does, and "
                 "training may run away",
                 bs_effective_beta1(training), bs_effective_beta2(training));
}

biascope_status biascope_predict(const biascope_dataset *data, const biascope_options *training,
                                 const biascope_predict_options *options, biascope_prediction *out,
                                 biascope_error *error) {
  const biascope_predict_options chosen = bs_predict_options_of(options);
  biascope_status status = bs_predict_from(data, training, &chosen, NULL, out, error);
  if ((status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) || chosen.steps > 0) return status;
  switch (chosen.confirm) {
  case BIASCOPE_CONFIRM_RUN:
    status = bs_confirm_by_run(data, training, &chosen, status, out, error);
    break;
  case BIASCOPE_CONFIRM_FLOW:
    status = confirm_by_flow(training, status, out, error);
    break;
  case BIASCOPE_CONFIRM_NONE:
    break;
  }
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) biascope_prediction_free(out);
  return status;
}
