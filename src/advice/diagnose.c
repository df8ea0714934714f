/* Diagnosis: what a run will do, from its predicted limit; and a search for options that reach a goal. */
#include "base/error.h"
#include "base/memory.h"
#include "confirm/run.h"
#include "limit/curvature.h"
#include "limit/misalignment.h"
#include "limit/step_sum.h"
#include "rule/optimizer.h"
#include "train/cost.h"
#include <math.h>
#include <stdlib.h>

/* The search compares candidates: for random orders, a shorter sequence than for a prediction is enough. */
enum { SEARCH_SAMPLE = 1 << 13 };
/* Of several classes, multiplications that a search for a candidate's limit may take. */
static const double MOST_SEARCHED = 2e10;

/* Candidates, from short to long memory: the first that reaches the goal is recommended. */
static const double MOMENTA[] = {0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999};
static const struct { double beta1, beta2; } MOMENT_PAIRS[] = {{0.0, 0.9}, {0.9, 0.95}, {0.9, 0.99}, {0.95, 0.999}};
/* The share of the steps in which buffers may be stale: less requires smaller steps, more costs direction. */
static const double CATCHING_UP[] = {1e-3, 1e-4, 1e-5};
/* Multiplications, 2 10^9 a second, that a run which measures a candidate may take; and what the best margin, and the
 * fraction of it, are rounded to. */
static const double MOST_MEASURED = 2e9, ROUNDING = 1e-8;

static double forgets(double beta, double power) {
  return beta > 0.0 ? -log(beta) / power : INFINITY;
}

/* The step from which eta_t rate <= forgotten: gradients no longer shrink faster than the buffer forgets them. */
static double stale_until(const biascope_options *training, double rate, double forgotten) {
  if (!(rate > 0.0) || !isfinite(forgotten)) return 0.0;
  const double ratio = training->lr * rate / forgotten;
  if (ratio <= pow(2.0, training->lr_decay)) return 0.0;
  return training->lr_decay == 0.0 ? INFINITY : pow(ratio, 1.0 / training->lr_decay) - 2.0;
}

static double catch_up_step(const biascope_options *training, double rate) {
  return fmax(stale_until(training, rate, forgets(bs_effective_beta1(training), 1.0)),
              stale_until(training, rate, forgets(bs_effective_beta2(training), 2.0)));
}

/* ---- The run as it is --------------------------------------------------------------------------- */

static bool is_reference(const biascope_dataset *data, size_t norm) {
  return norm < BIASCOPE_REFERENCE_NORMS && (biascope_dataset_references(data) >> norm & 1);
}

/* Of the norms that are references for these data; NaN for others. */
static biascope_status solve_margins(const biascope_dataset *data, double *best, biascope_error *error) {
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) {
    best[n] = NAN;
    if (!is_reference(data, n)) continue;
    biascope_margin solution;
    const biascope_status status =
        biascope_margin_solve(data, (biascope_norm){.kind = biascope_reference_norm(n)}, NULL, &solution, error);
    if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) best[n] = solution.upper_bound;
    biascope_margin_free(&solution);
    if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status;
  }
  return BIASCOPE_OK;
}

static double fraction_of(const biascope_dataset *data, size_t norm, const double *best, const double *direction) {
  if (!is_reference(data, norm)) return NAN;
  return biascope_margin_of(data, (biascope_norm){.kind = biascope_reference_norm(norm)}, direction) / best[norm];
}

/* Where the run goes, if that is certified and a direction: of growing margins, or of weights that decay limits. */
static biascope_status locate(const biascope_dataset *data, const biascope_options *training, const double *best,
                              biascope_diagnosis *out, biascope_error *error) {
  const biascope_predict_options options = {.confirm = BIASCOPE_CONFIRM_RUN};
  biascope_status status = biascope_predict(data, training, &options, &out->limit, error);
  const biascope_options read = bs_options_read(training);
  out->certified = status == BIASCOPE_OK && (out->limit.kind == BIASCOPE_LIMIT_DIRECTION || bs_weights_shrink(&read));
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    out->fraction[n] = out->certified ? fraction_of(data, n, best, out->limit.direction) : NAN;
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

/* The limit of the same run if buffers did not lag: with decaying steps, and before eps dominates. If it is not
 * certified, the best point found is used: its rate is the growth of margins there. */
static biascope_status examine(const biascope_dataset *data, const biascope_options *training, const double *best,
                               biascope_diagnosis *out, biascope_error *error) {
  biascope_options fading = *training;
  fading.eps = 0.0;
  if (fading.lr_decay == 0.0) fading.lr_decay = 0.5;
  biascope_prediction frozen;
  biascope_status status =
      biascope_predict(data, &fading, &(biascope_predict_options){.confirm = BIASCOPE_CONFIRM_NONE}, &frozen, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) {
    out->momentum_stale_until = stale_until(training, frozen.rate, forgets(bs_effective_beta1(training), 1.0));
    out->second_moment_stale_until = stale_until(training, frozen.rate, forgets(bs_effective_beta2(training), 2.0));
    status = bs_misalignment(data, training, frozen.dual, &out->misalignment, error);
  }
  biascope_prediction_free(&frozen);
  out->guaranteed = NAN;
  if (bs_optimizer_rule_of(training->optimizer)->direction == BS_SIGN)
    out->guaranteed = fmax(0.0, 1.0 - 2.0 * out->misalignment / best[BIASCOPE_LINF]);
  return status;
}

/* The step from which eta_t <= largest. */
static double small_from(const biascope_options *training, double largest) {
  if (bs_learning_rate(training, 0) <= largest) return 0.0;
  if (training->lr_decay == 0.0) return INFINITY;
  return pow(training->lr / largest, 1.0 / training->lr_decay) - 2.0;
}

/* Whether steps are small enough to lower the loss: only those of gradient descent grow with the gradient. */
static biascope_status compare_with_curvature(const biascope_dataset *data, const biascope_options *training,
                                              biascope_diagnosis *out, biascope_error *error) {
  out->curvature = out->largest_lr = out->descends_from = NAN;
  if (bs_optimizer_rule_of(training->optimizer)->direction != BS_IDENTITY) return BIASCOPE_OK;
  const biascope_status status = bs_curvature(data, training->loss, &out->curvature, error);
  if (status != BIASCOPE_OK) return status;
  out->largest_lr = bs_largest_step(out->curvature, bs_effective_beta1(training));
  out->descends_from = small_from(training, out->largest_lr);
  return BIASCOPE_OK;
}

/* ---- The run as it might be --------------------------------------------------------------------- */

typedef struct {
  const biascope_dataset *data;
  const biascope_goal *goal;
  size_t wanted; /* the goal's norm, as a reference */
  const double *best;
  biascope_diagnosis *out;
} search;

static double effort_of(const search *s) {
  return s->data->unfolded ? MOST_SEARCHED : 0.0;
}

/* The fraction after the steps, if the stale steps contributed nothing: the least that the other steps guarantee. NaN
 * if the path cannot be followed. */
static biascope_status expect(const search *s, const biascope_options *candidate, double rate, double *value,
                              biascope_error *error) {
  const biascope_predict_options options = {
      .steps = s->goal->steps, .sample_length = SEARCH_SAMPLE, .effort = effort_of(s)};
  biascope_prediction after;
  biascope_status status = biascope_predict(s->data, candidate, &options, &after, error);
  *value = NAN;
  if (status == BIASCOPE_OK) {
    const double total = bs_step_sum(candidate->lr, candidate->lr_decay, (double)s->goal->steps);
    const double late = fmin((double)s->goal->steps, catch_up_step(candidate, rate));
    const double lost = late > 0.0 ? bs_step_sum(candidate->lr, candidate->lr_decay, late) / total : 0.0;
    *value = fraction_of(s->data, s->wanted, s->best, after.direction) * (1.0 - lost);
  }
  biascope_prediction_free(&after);
  return status == BIASCOPE_USAGE || status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

/* The fraction that a run of the steps reaches, if one is affordable: no more is reported as expected. */
static biascope_status measure(const search *s, const biascope_options *candidate, double *value, bool *measured,
                               biascope_error *error) {
  biascope_trainer *trainer;
  *measured = bs_step_cost(s->data, candidate) * (double)s->goal->steps <= MOST_MEASURED;
  if (!*measured) return BIASCOPE_OK;
  biascope_status status = biascope_trainer_create(s->data, candidate, &trainer, error);
  if (status != BIASCOPE_OK) return status;
  status = biascope_trainer_run(trainer, s->goal->steps, error);
  double reached = NAN;
  if (status == BIASCOPE_OK) reached = fraction_of(s->data, s->wanted, s->best, biascope_trainer_weights(trainer));
  biascope_trainer_free(trainer);
  *value = isnan(reached) ? NAN : fmin(*value, reached - ROUNDING);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

static bool is_better(const search *s, double value) {
  return !isnan(value) && (isnan(s->out->expected) || value > s->out->expected);
}

/* Tries the candidate's betas with step sizes for which the buffers contain recent gradients in time. */
static biascope_status try_betas(const search *s, const biascope_options *betas, biascope_error *error) {
  biascope_options candidate = *betas;
  candidate.lr_decay = 0.5;
  candidate.eps = 0.0;
  biascope_prediction limit;
  biascope_status status =
      biascope_predict(s->data, &candidate,
                       &(biascope_predict_options){
                           .sample_length = SEARCH_SAMPLE, .effort = effort_of(s), .confirm = BIASCOPE_CONFIRM_NONE},
                       &limit, error);
  const double rate = limit.rate;
  biascope_prediction_free(&limit);
  if (status == BIASCOPE_USAGE || status == BIASCOPE_NOT_CONVERGED) return BIASCOPE_OK;
  const double forgotten =
      fmin(forgets(bs_effective_beta1(&candidate), 1.0), forgets(bs_effective_beta2(&candidate), 2.0));
  for (size_t i = 0; i < sizeof CATCHING_UP / sizeof *CATCHING_UP && status == BIASCOPE_OK; i++) {
    if (isfinite(forgotten) && rate > 0.0)
      candidate.lr = forgotten * sqrt(CATCHING_UP[i] * (double)s->goal->steps) / rate;
    double value;
    bool measured = false;
    status = expect(s, &candidate, rate, &value, error);
    if (status == BIASCOPE_OK && is_better(s, value)) status = measure(s, &candidate, &value, &measured, error);
    if (status != BIASCOPE_OK || !is_better(s, value)) continue;
    s->out->expected = value;
    s->out->expected_is_measured = measured;
    *s->out->recommended = candidate;
  }
  return status;
}

static biascope_status recommend(const search *s, const biascope_options *training, biascope_error *error) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(training->optimizer);
  const bool pairs = bs_rule_option_of(rule, BS_OPTION_BETA2), momentum = bs_rule_option_of(rule, BS_OPTION_BETA1);
  const size_t count = pairs      ? sizeof MOMENT_PAIRS / sizeof *MOMENT_PAIRS
                       : momentum ? sizeof MOMENTA / sizeof *MOMENTA
                                  : 1;
  s->out->recommended = BS_NEW(biascope_options, 1);
  biascope_status status = s->out->recommended ? BIASCOPE_OK : bs_fail_memory(error, "the recommendation");
  if (status == BIASCOPE_OK) *s->out->recommended = *training;
  s->out->expected = NAN;
  for (size_t i = 0; i < count && status == BIASCOPE_OK && !(s->out->expected >= s->goal->fraction); i++) {
    biascope_options candidate = *training;
    if (momentum) candidate.beta1 = pairs ? MOMENT_PAIRS[i].beta1 : MOMENTA[i];
    if (pairs) candidate.beta2 = MOMENT_PAIRS[i].beta2;
    status = try_betas(s, &candidate, error);
  }
  return status;
}

static biascope_status check_goal(const biascope_dataset *data, const biascope_goal *goal, size_t *wanted,
                                  biascope_error *error) {
  *wanted = 0;
  while (*wanted < BIASCOPE_REFERENCE_NORMS && biascope_reference_norm(*wanted) != goal->norm) ++*wanted;
  if (is_reference(data, *wanted) && goal->fraction > 0.0 && goal->fraction < 1.0 && goal->steps > 0)
    return BIASCOPE_OK;
  return bs_fail(
      error, BIASCOPE_USAGE,
      "a goal of %g of the margin in %llu steps; expected a fraction in (0, 1) of the l2, linf or l1 margin, "
      "or of several classes the spectral or nuclear margin, in at least one step",
      goal->fraction, (unsigned long long)goal->steps);
}

biascope_status biascope_diagnose(const biascope_dataset *data, const biascope_options *training,
                                  const biascope_goal *goal, biascope_diagnosis *out, biascope_error *error) {
  double best[BIASCOPE_REFERENCE_NORMS];
  size_t wanted;
  *out = (biascope_diagnosis){0};
  const biascope_options powers = bs_options_in_powers(training);
  biascope_status status = check_goal(data, goal, &wanted, error);
  if (status == BIASCOPE_OK && training->warmup > 0)
    status = bs_fail(error, BIASCOPE_USAGE, "a diagnosis covers runs without a warm-up, not of %llu steps",
                     (unsigned long long)training->warmup);
  if (status == BIASCOPE_OK && training->variance_reduction)
    status = bs_fail(error, BIASCOPE_USAGE, "a diagnosis covers runs without variance reduction");
  if (status == BIASCOPE_OK) status = solve_margins(data, best, error);
  if (status == BIASCOPE_OK) status = locate(data, &powers, best, out, error);
  if (status == BIASCOPE_OK) status = examine(data, &powers, best, out, error);
  if (status == BIASCOPE_OK) status = compare_with_curvature(data, &powers, out, error);
  if (status == BIASCOPE_OK)
    status =
        recommend(&(search){.data = data, .goal = goal, .wanted = wanted, .best = best, .out = out}, &powers, error);
  if (status != BIASCOPE_OK) biascope_diagnosis_free(out);
  return status;
}

void biascope_diagnosis_free(biascope_diagnosis *diagnosis) {
  biascope_prediction_free(&diagnosis->limit);
  biascope_options_free(diagnosis->recommended);
  diagnosis->recommended = NULL;
}
