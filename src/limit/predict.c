#include "limit/predict.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DEFAULT_TOLERANCE = 1e-10;

void biascope_prediction_free(biascope_prediction *prediction) {
  free(prediction->direction);
  free(prediction->dual);
  *prediction = (biascope_prediction){0};
}

static biascope_status allocate(const biascope_dataset *data, biascope_prediction *out, biascope_error *error) {
  *out = (biascope_prediction){.samples = data->samples,
                               .features = data->features,
                               .gap = INFINITY,
                               .rate = NAN,
                               .unique = true,
                               .method = "none"};
  out->direction = BS_NEW(double, data->features);
  out->dual = BS_NEW(double, data->samples);
  if (out->direction && out->dual) return BIASCOPE_OK;
  biascope_prediction_free(out);
  return bs_fail_memory(error, "the prediction");
}

static const char LINF_METHOD[] = "linf max-margin (the full batch's update is the sign of the gradient)";
static const char EQUILIBRIUM_METHOD[] = "equilibrium of the epoch map";

static biascope_status predict_sign(const bs_question *question, double beta1, biascope_prediction *out,
                                    biascope_error *error) {
  const biascope_norm linf = {.kind = BIASCOPE_LINF};
  if (question->training.batch_size == out->samples) return bs_predict_margin(question, linf, LINF_METHOD, out, error);
  const bs_epoch_rule rule = {.rule = BS_RULE_SIGN, .beta1 = beta1};
  return bs_predict_equilibrium(question, &rule, EQUILIBRIUM_METHOD, out, error);
}

static biascope_status predict_adaptive(const bs_question *question, double beta1, double beta2,
                                        biascope_prediction *out, biascope_error *error) {
  if (question->training.batch_size == out->samples || (beta1 == 0.0 && beta2 == 0.0))
    return predict_sign(question, beta1, out, error);
  const bs_epoch_rule rule = {.rule = BS_RULE_RATIO, .beta1 = beta1, .beta2 = beta2};
  return bs_predict_equilibrium(question, &rule, EQUILIBRIUM_METHOD, out, error);
}

/* Full batch: the normalised gradient flow is the gradient flow in another time. A mini-batch's gradient is normalised
 * by itself, which weighs the samples differently. */
static biascope_status predict_normalised(const bs_question *question, biascope_prediction *out,
                                          biascope_error *error) {
  if (question->training.batch_size == out->samples) {
    const biascope_norm l2 = {.kind = BIASCOPE_L2};
    return bs_predict_margin(question, l2, "l2 max-margin", out, error);
  }
  const bs_epoch_rule rule = {.rule = BS_RULE_NORMALISED, .beta1 = question->training.beta1};
  return bs_predict_equilibrium(question, &rule, EQUILIBRIUM_METHOD, out, error);
}

static biascope_status answer(const bs_question *question, biascope_prediction *out, biascope_error *error) {
  const biascope_norm l2 = {.kind = BIASCOPE_L2};
  const biascope_train_options *training = &question->training;
  switch (training->optimizer) {
  case BIASCOPE_GD:
    return bs_predict_margin(question, l2, "l2 max-margin", out, error);
  case BIASCOPE_SIGNGD:
    return predict_sign(question, 0.0, out, error);
  case BIASCOPE_SIGNUM:
    return predict_sign(question, training->beta1, out, error);
  case BIASCOPE_ADAM:
    return predict_adaptive(question, training->beta1, training->beta2, out, error);
  case BIASCOPE_RMSPROP:
    return predict_adaptive(question, 0.0, training->beta2, out, error);
  case BIASCOPE_ADAMPROXY:
    return bs_predict_proxy(question, "dual fixed point (equilibrium of the AdamProxy map)", out, error);
  case BIASCOPE_NGD:
    return predict_normalised(question, out, error);
  default:
    return bs_fail(error, BIASCOPE_USAGE, "no prediction for this optimizer yet");
  }
}

biascope_status biascope_predict(const biascope_dataset *data, const biascope_train_options *training,
                                 const biascope_predict_options *options, biascope_prediction *out,
                                 biascope_error *error) {
  biascope_status status = allocate(data, out, error);
  if (status != BIASCOPE_OK) return status;
  bs_question question = {.data = data, .training = *training};
  if (options) question.options = *options;
  if (question.options.tolerance == 0.0) question.options.tolerance = DEFAULT_TOLERANCE;
  if (training->batch_size > data->samples)
    status = bs_fail(error, BIASCOPE_USAGE, "batch_size is %zu but the data have %zu samples", training->batch_size,
                     data->samples);
  if (training->batch_size == 0) question.training.batch_size = data->samples;
  if (status == BIASCOPE_OK) status = answer(&question, out, error);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) biascope_prediction_free(out);
  return status;
}

biascope_status biascope_adamproxy_fixed_point(const biascope_dataset *data, biascope_prediction *out, double *metric,
                                               biascope_error *error) {
  const biascope_train_options training = biascope_train_defaults(BIASCOPE_ADAMPROXY);
  const biascope_status status = biascope_predict(data, &training, NULL, out, error);
  if (!metric || (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED)) return status;
  for (size_t k = 0; k < data->features; k++) metric[k] = 0.0;
  double *row = BS_NEW(double, data->features);
  if (!row) {
    biascope_prediction_free(out);
    return bs_fail_memory(error, "the metric");
  }
  for (size_t i = 0; i < data->samples; i++) {
    memset(row, 0, data->features * sizeof *row);
    bs_row_axpy(data, i, out->dual[i], row);
    for (size_t k = 0; k < data->features; k++) metric[k] += row[k] * row[k];
  }
  for (size_t k = 0; k < data->features; k++) metric[k] = sqrt(metric[k]);
  free(row);
  return status;
}
