#include "limit/predict.h"

#include "base/vector.h"
#include "limit/constant_step.h"
#include <string.h>

biascope_status bs_predict_margin(const bs_question *question, biascope_norm norm, const char *method,
                                  biascope_prediction *out, biascope_error *error) {
  biascope_margin solution;
  const biascope_status status = biascope_margin_solve(question->data, norm, NULL, &solution, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) {
    const size_t d = out->outputs * out->features;
    memcpy(out->direction, solution.direction, d * sizeof *out->direction);
    memcpy(out->dual, solution.dual, out->rows * sizeof *out->dual);
    bs_scale(d, 1.0 / bs_norm2(d, out->direction), out->direction);
    out->gap = solution.gap;
    out->support = solution.support;
    out->unique = solution.unique;
    out->face = norm.kind;
    out->rate = NAN;
    out->method = method;
  }
  biascope_margin_free(&solution);
  return status;
}

biascope_status bs_predict_full_batch_sign(const bs_question *question, const bs_epoch_rule *rule,
                                           biascope_prediction *out, biascope_error *error) {
  const biascope_norm linf = {.kind = BIASCOPE_LINF};
  const biascope_status status = bs_predict_margin(
      question, linf, "linf max-margin: the full batch's update is the sign of the gradient", out, error);
  if (status != BIASCOPE_OK) return status;
  /* every coordinate that matters moves by eta a step */
  out->rate = biascope_margin_of(question->data, linf, out->direction);
  if (question->training.lr_decay != 0.0) return BIASCOPE_OK;
  double gain;
  const biascope_status consistent = bs_constant_step_gain(rule, question->training.lr, out->rate, &gain, error);
  out->rate *= gain;
  return consistent;
}

biascope_status bs_require_separable(const biascope_dataset *data, biascope_error *error) {
  biascope_margin solution;
  const biascope_norm l2 = {.kind = BIASCOPE_L2};
  const biascope_status status = biascope_margin_solve(data, l2, NULL, &solution, error);
  biascope_margin_free(&solution);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}
