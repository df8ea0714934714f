/* adagrad: v = sum of g^2, w -= eta_t g / (sqrt(v) + eps), eta_t ~ t^-a.
 *
 * The gradient falls like 1 / sum eta ~ t^(a-1), so v converges for a < 1/2: from then on it is gradient descent in the
 * metric sqrt(v) + eps, whose v the first steps decide. At a = 1/2 the gradient falls like a power t^-p, p < 1/2, and v
 * grows: recent epochs dominate it and count alike, so the update is that of Adam with beta1 = 0, beta2 -> 1. For
 * a > 1/2, eta_t / sqrt(t) is summable: w stops at a finite point. */
#include "limit/predict.h"

#include "base/memory.h"
#include "base/vector.h"
#include "train/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOTS = 3, MOST_STEPS = 1 << 20, LEAST_STEPS = 1 << 12 };

static const double WORK = 2e8; /* multiplications that the first steps may cost */

typedef struct {
  const bs_question *question;
  biascope_trainer *trainer;
  double *metric, *earlier;
  double *second[SNAPSHOTS]; /* v after a quarter, a half and all of the steps */
} run;

static void run_free(run *r) {
  biascope_trainer_free(r->trainer);
  free(r->metric);
  free(r->earlier);
  for (int s = 0; s < SNAPSHOTS; s++) free(r->second[s]);
}

static biascope_status run_create(const bs_question *question, run *r, biascope_error *error) {
  const size_t d = question->data->features;
  *r = (run){.question = question, .metric = BS_NEW(double, d), .earlier = BS_NEW(double, d)};
  bool allocated = r->metric && r->earlier;
  for (int s = 0; s < SNAPSHOTS; s++) allocated &= (r->second[s] = BS_NEW(double, d)) != NULL;
  biascope_status status = allocated ? BIASCOPE_OK : bs_fail_memory(error, "adagrad's first steps");
  if (status == BIASCOPE_OK) status = biascope_trainer_create(question->data, &question->training, &r->trainer, error);
  if (status != BIASCOPE_OK) run_free(r);
  return status;
}

/* Trains, and notes v on the way. */
static biascope_status run_steps(run *r, uint64_t steps, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (int s = 0; s < SNAPSHOTS && status == BIASCOPE_OK; s++) {
    const uint64_t until = steps >> (SNAPSHOTS - 1 - s);
    status = biascope_trainer_run(r->trainer, until - biascope_trainer_step(r->trainer), error);
    bs_trainer_second_moment(r->trainer, r->second[s]);
  }
  return status;
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
  memcpy(r->earlier, out->direction, out->features * sizeof *r->earlier);
  extrapolate(r, r->second[1], r->second[2]);
  status = bs_predict_margin(question, norm, "Mahalanobis max-margin, the metric from the first steps, extrapolated",
                             out, error);
  out->standard_error = bs_angle(out->features, r->earlier, out->direction);
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
    const bool full = bs_is_full_batch(&question->training, out->samples);
    const bs_epoch_rule rule = {.direction = full ? BS_SIGN : BS_RATIO, .beta2 = full ? 0.0 : 1.0};
    const biascope_status status =
        full ? bs_predict_full_batch_sign(question, &rule, out, error)
             : bs_predict_equilibrium(question, &rule, "equilibrium of the epoch map at beta2 -> 1", out, error);
    out->rate = NAN; /* margins grow like log t */
    return status;
  }
  const double per_step = (double)bs_batch_size(&question->training, out->samples) * (double)out->features;
  const uint64_t steps = (uint64_t)fmin(MOST_STEPS, fmax(LEAST_STEPS, WORK / per_step));
  run r;
  biascope_status status =
      bs_require_two_classes(question->data, "adagrad's limit with lr_decay below 0.5 is predicted", error);
  if (status == BIASCOPE_OK) status = bs_require_separable(question->data, error);
  if (status == BIASCOPE_OK) status = run_create(question, &r, error);
  if (status != BIASCOPE_OK) return status;
  status = run_steps(&r, steps, error);
  if (status == BIASCOPE_OK) status = solve_metric(&r, out, error);
  run_free(&r);
  return status;
}
