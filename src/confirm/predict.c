/* Finds a limit and confirms it. */
#include "limit/predict.h"
#include "base/error.h"
#include "confirm/confirm.h"
#include "confirm/rest.h"
#include "rule/optimizer.h"

biascope_status biascope_predict(const biascope_dataset *data, const biascope_options *training,
                                 const biascope_predict_options *options, biascope_prediction *out,
                                 biascope_error *error) {
  const biascope_predict_options chosen = bs_predict_options_of(options);
  if (bs_rests_with_eps(training, &chosen)) return bs_predict_rest_with_eps(data, training, &chosen, out, error);
  biascope_status status = bs_predict_from(data, training, &chosen, NULL, out, error);
  if ((status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) || chosen.steps > 0) return status;
  const biascope_options powers = bs_options_in_powers(training);
  switch (chosen.confirm) {
  case BIASCOPE_CONFIRM_RUN:
    status = bs_confirm_by_run(data, &powers, &chosen, status, out, error);
    break;
  case BIASCOPE_CONFIRM_FLOW:
    status = bs_confirm_by_flow(data, &powers, &chosen, status, out, error);
    break;
  case BIASCOPE_CONFIRM_NONE:
    out->kind = status == BIASCOPE_OK ? BIASCOPE_LIMIT_DIRECTION : BIASCOPE_LIMIT_UNSETTLED;
    break;
  }
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) biascope_prediction_free(out);
  return status;
}
