#include "limit/predict.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/constant_step.h"
#include "limit/moving_average.h"
#include <math.h>
#include <stdlib.h>
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

/* Samples off the support are behind by so much, relative to the margin, that ties are excluded. */
static const double CLEARLY_BEHIND = 1e-6;

/* Whether one batch of the cyclic order holds every sample that is not clearly behind. */
static bool margin_in_one_batch(const bs_question *question, const double *direction, double margin) {
  const size_t batch_size = bs_batch_size(&question->training, question->data->samples);
  size_t batch = SIZE_MAX;
  for (size_t i = 0; i < question->data->samples; i++) {
    if (bs_margin_of_sample(question->data, i, direction) > (1.0 + CLEARLY_BEHIND) * margin) continue;
    if (batch != SIZE_MAX && batch != i / batch_size) return false;
    batch = i / batch_size;
  }
  return true;
}

/* Mean over the epoch of |m_t| / sqrt(v_t) where one batch has the gradient 1 and the others none. */
static biascope_status pulse_length(const bs_epoch_rule *rule, size_t batches, double *out, biascope_error *error) {
  double *momentum = BS_NEW(double, batches), *second = BS_NEW(double, batches), state;
  const bs_period epoch = {.steps = batches, .period = (double)batches};
  const biascope_status status = momentum && second ? BIASCOPE_OK : bs_fail_memory(error, "the moments of an epoch");
  if (status == BIASCOPE_OK) {
    momentum[0] = second[0] = 1.0;
    bs_periodic_momentum(&epoch, 1, rule, momentum, momentum, &state);
    bs_periodic_average(&epoch, 1, rule->beta2, second, second, &state);
    *out = 0.0;
    for (size_t t = 0; t < batches; t++) *out += second[t] > 0.0 ? momentum[t] / sqrt(second[t]) : 0.0;
    *out /= (double)batches;
  }
  free(momentum);
  free(second);
  return status;
}

biascope_status bs_predict_one_batch(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                     bool *applies, biascope_error *error) {
  const biascope_norm linf = {.kind = BIASCOPE_LINF};
  biascope_margin solution;
  *applies = false;
  biascope_status status = biascope_margin_solve(question->data, linf, NULL, &solution, error);
  if (status == BIASCOPE_OK)
    *applies = solution.unique && margin_in_one_batch(question, solution.direction, solution.margin);
  biascope_margin_free(&solution);
  if (!*applies) return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
  double length;
  status = bs_predict_margin(
      question, linf, "linf max-margin: its support is in one batch, whose gradient's sign is the update", out, error);
  if (status == BIASCOPE_OK)
    status = pulse_length(rule, bs_batches_per_epoch(&question->training, out->samples), &length, error);
  if (status == BIASCOPE_OK) out->rate = length * biascope_margin_of(question->data, linf, out->direction);
  return status;
}

biascope_status bs_require_separable(const biascope_dataset *data, biascope_error *error) {
  biascope_margin solution;
  const biascope_norm l2 = {.kind = BIASCOPE_L2};
  const biascope_status status = biascope_margin_solve(data, l2, NULL, &solution, error);
  biascope_margin_free(&solution);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}
