/* adagrad: v = sum of g^2, w -= eta_t g / (sqrt(v) + eps), eta_t ~ t^-a.
 *
 * The gradient falls like 1 / sum eta ~ t^(a-1), so v converges for a < 1/2: from then on it is gradient descent in the
 * metric sqrt(v) + eps, whose v the first steps decide. At a = 1/2 the gradient falls like a power t^-p, p < 1/2, and v
 * grows: recent epochs dominate it and count alike, so the update is that of Adam with beta1 = 0, beta2 -> 1. For
 * a > 1/2, eta_t / sqrt(t) is summable: w stops at a finite point. */
#include "limit/predict.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/loss.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOTS = 3, MOST_STEPS = 1 << 20, LEAST_STEPS = 1 << 12 };

static const double WORK = 2e8; /* multiplications that the first steps may cost */

typedef struct {
  const bs_question *question;
  bs_schedule schedule; /* the order, one period or the whole run */
  double *w, *gradient, *metric;
  double *second[SNAPSHOTS]; /* v after a quarter, a half and all of the steps */
} run;

static void run_free(run *r) {
  bs_schedule_free(&r->schedule);
  free(r->w);
  free(r->gradient);
  free(r->metric);
  for (int s = 0; s < SNAPSHOTS; s++) free(r->second[s]);
}

static biascope_status run_create(const bs_question *question, size_t steps, run *r, biascope_error *error) {
  const biascope_train_options *training = &question->training;
  const size_t d = question->data->features;
  *r = (run){.question = question};
  biascope_status status = bs_schedule_create(question->data->samples, training->batch_size, training->order, steps,
                                              training->seed, 0, &r->schedule, error);
  r->w = BS_NEW(double, d);
  r->gradient = BS_NEW(double, d);
  r->metric = BS_NEW(double, d);
  bool allocated = r->w && r->gradient && r->metric;
  for (int s = 0; s < SNAPSHOTS; s++) allocated &= (r->second[s] = BS_NEW(double, d)) != NULL;
  if (status == BIASCOPE_OK && !allocated) status = bs_fail_memory(error, "adagrad's first steps");
  if (status != BIASCOPE_OK) run_free(r);
  return status;
}

static void take_step(run *r, size_t t, double *second) {
  const biascope_train_options *training = &r->question->training;
  const biascope_dataset *data = r->question->data;
  const size_t d = data->features, step = t % r->schedule.steps, first = r->schedule.start[step];
  const size_t count = r->schedule.start[step + 1] - first;
  memset(r->gradient, 0, d * sizeof *r->gradient);
  for (size_t n = first; n < first + count; n++) {
    const size_t i = r->schedule.sample[n];
    double curvature;
    const double slope = exp(bs_loss_log_slope(training->loss, bs_row_dot(data, i, r->w), &curvature));
    bs_row_axpy(data, i, slope / (double)count, r->gradient);
  }
  const double eta = training->lr * pow((double)t + 2.0, -training->lr_decay);
  for (size_t k = 0; k < d; k++) {
    second[k] += r->gradient[k] * r->gradient[k];
    const double root = sqrt(second[k]) + training->eps;
    if (root > 0.0) r->w[k] += eta * r->gradient[k] / root;
  }
}

static void run_steps(run *r, size_t steps) {
  const size_t bytes = r->question->data->features * sizeof(double);
  double *second = r->second[SNAPSHOTS - 1];
  for (size_t t = 0; t < steps; t++) {
    take_step(r, t, second);
    if (t + 1 == steps / 4) memcpy(r->second[0], second, bytes);
    if (t + 1 == steps / 2) memcpy(r->second[1], second, bytes);
  }
}

/* The limit of v from its values at t and 2 t: what is missing falls like t^-(1-2a). Fills the metric. */
static void extrapolate(const run *r, const double *half, const double *full) {
  const size_t d = r->question->data->features;
  const double share = 1.0 / (pow(2.0, 1.0 - 2.0 * r->question->training.lr_decay) - 1.0);
  double largest = 0.0;
  for (size_t k = 0; k < d; k++) {
    r->metric[k] = sqrt(full[k] + share * (full[k] - half[k])) + r->question->training.eps;
    largest = fmax(largest, r->metric[k]);
  }
  for (size_t k = 0; k < d; k++) r->metric[k] = r->metric[k] > 0.0 ? r->metric[k] : largest; /* a zero column */
}

static biascope_status solve_metric(run *r, biascope_prediction *out, biascope_error *error) {
  const biascope_norm norm = {.kind = BIASCOPE_MAHALANOBIS, .metric = r->metric};
  const bs_question *question = r->question;
  extrapolate(r, r->second[0], r->second[1]);
  biascope_status status = bs_predict_margin(question, norm, "none", out, error);
  if (status != BIASCOPE_OK) return status;
  double *earlier = r->gradient;
  memcpy(earlier, out->direction, out->features * sizeof *earlier);
  extrapolate(r, r->second[1], r->second[2]);
  status = bs_predict_margin(question, norm, "Mahalanobis max-margin, the metric from the first steps, extrapolated",
                             out, error);
  out->standard_error = acos(bs_cosine(out->features, earlier, out->direction));
  return status;
}

biascope_status bs_predict_adagrad(const bs_question *question, biascope_prediction *out, biascope_error *error) {
  const double decay = question->training.lr_decay;
  if (decay > 0.5)
    return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                   "adagrad with lr decay %g > 0.5 stops at a finite point that its first steps decide; it has no "
                   "limit direction",
                   decay);
  if (decay == 0.5) {
    const bool full = question->training.batch_size == out->samples;
    const bs_epoch_rule rule = {.rule = full ? BS_RULE_SIGN : BS_RULE_RATIO, .beta2 = full ? 0.0 : 1.0};
    const biascope_status status =
        full ? bs_predict_full_batch_sign(question, &rule, out, error)
             : bs_predict_equilibrium(question, &rule, "equilibrium of the epoch map at beta2 -> 1", out, error);
    out->rate = NAN; /* margins grow like log t */
    return status;
  }
  const double per_step = (double)question->training.batch_size * (double)out->features;
  const size_t steps = (size_t)fmin(MOST_STEPS, fmax(LEAST_STEPS, WORK / per_step));
  run r;
  biascope_status status = bs_require_separable(question->data, error);
  if (status == BIASCOPE_OK) status = run_create(question, steps, &r, error);
  if (status != BIASCOPE_OK) return status;
  run_steps(&r, steps);
  status = solve_metric(&r, out, error);
  run_free(&r);
  return status;
}
