#include "limit/path.h"

#include "base/memory.h"
#include "limit/unit.h"
#include "limit/way.h"
#include "loss/loss.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DEFAULT_TOLERANCE = 1e-10;

void biascope_prediction_free(biascope_prediction *prediction) {
  free(prediction->direction);
  free(prediction->dual);
  free(prediction->other_directions);
  free(prediction->run_direction);
  *prediction = (biascope_prediction){0};
}

biascope_status bs_prediction_allocate(const biascope_dataset *data, biascope_prediction *out, biascope_error *error) {
  *out = (biascope_prediction){.samples = data->samples,
                               .features = data->features,
                               .outputs = bs_outputs(data),
                               .rows = bs_margin_rows(data),
                               .gap = INFINITY,
                               .rate = NAN,
                               .unique = true,
                               .log_loss = NAN,
                               .weight_norm = NAN,
                               .handover_step = NAN,
                               .method = "none",
                               .increment_cosine = NAN,
                               .run_settled = NAN};
  out->direction = BS_NEW(double, bs_margin_weights(data));
  out->dual = BS_NEW(double, bs_margin_rows(data));
  if (out->direction && out->dual) return BIASCOPE_OK;
  biascope_prediction_free(out);
  return bs_fail_memory(error, "the prediction");
}

/* Normalised gradient flow over the full batch is gradient flow in another time; spectral descent is the steepest
 * descent of its norm (Fan, Schmidt and Thrampoulidis, arXiv 2502.04664). */
static biascope_status predict_full_batch_norm(const bs_question *question, const bs_epoch_rule *rule,
                                               biascope_prediction *out, biascope_error *error) {
  /* over the full batch Shampoo's step is the polar factor, too */
  const bool matrix = rule->direction != BS_NORMALISED && out->outputs > 1;
  const biascope_norm norm = {.kind = matrix ? BIASCOPE_SPECTRAL : BIASCOPE_L2};
  const char *method =
      matrix ? "spectral max-margin: the full batch's update is the gradient's polar factor" : "l2 max-margin";
  const biascope_status status = bs_predict_margin(question, norm, method, out, error);
  if (status != BIASCOPE_OK) return status;
  out->rate = biascope_margin_of(question->data, norm, out->direction);
  return isnan(out->rate) ? bs_fail_memory(error, "the singular values") : BIASCOPE_OK;
}

/* The equilibrium of a rule, or the point that the options ask for on the way to it. */
static biascope_status predict_rule(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                    biascope_error *error) {
  if (question->options.steps > 0) return bs_predict_after_steps(question, rule, out, error);
  if (bs_weights_shrink(&question->training)) return bs_predict_rest(question, rule, out, error);
  const bool full = bs_is_full_batch(&question->training, out->samples);
  if (!full || question->start) {
    const bs_epoch_rule signs = {.direction = BS_SIGN};
    const bool is_sign = full && rule->direction == BS_RATIO; /* m / sqrt(v) over the full batch */
    return bs_predict_equilibrium(question, is_sign ? &signs : rule, "equilibrium of the epoch map", out, error);
  }
  if (bs_direction_couples(rule->direction)) return predict_full_batch_norm(question, rule, out, error);
  biascope_status status = bs_predict_full_batch_sign(question, rule, out, error);
  if (status != BIASCOPE_OK || out->unique || question->training.lr_decay == 0.0) return status;
  /* the flow picks a point of the optimal face, not the vertex that a linear program ends in */
  const bs_epoch_rule signs = {.direction = BS_SIGN};
  status = bs_predict_equilibrium(question, &signs,
                                  "linf max-margin: the point of the optimal face that the flow reaches", out, error);
  out->unique = false;
  return status;
}

/* The rate under another decay of the step size. */
static biascope_status find_rate(const bs_question *question, const bs_epoch_rule *rule, double lr_decay, double *rate,
                                 biascope_error *error) {
  bs_question other = *question;
  other.training.lr_decay = lr_decay;
  biascope_prediction prediction;
  biascope_status status = bs_prediction_allocate(question->data, &prediction, error);
  if (status == BIASCOPE_OK) status = predict_rule(&other, rule, &prediction, error);
  *rate = prediction.rate;
  biascope_prediction_free(&prediction);
  return status;
}

/* With eps > 0 the update turns into m / eps, gradient descent, once sqrt(v) has shrunk to eps. */
static biascope_status predict_with_eps(const bs_question *question, const bs_epoch_rule *rule,
                                        biascope_prediction *out, biascope_error *error) {
  const biascope_norm l2 = {.kind = BIASCOPE_L2};
  biascope_status status = bs_predict_margin(
      question, l2, "l2 max-margin: once sqrt(v) is below eps, the update is gradient descent's", out, error);
  if (status != BIASCOPE_OK) return status;
  bs_question path = *question;
  path.training.weight_decay = 0.0;
  status = bs_handover_step(&path, rule, &out->handover_step, error);
  if (status != BIASCOPE_OK || question->training.lr_decay > 0.0) return status;
  /* A constant step size shrinks the gradient more slowly than the path of vanishing steps says. In a random order the
   * rates would take minutes, for a step that is known to a factor only. */
  if (bs_seed_matters(&question->training)) return BIASCOPE_OK;
  double vanishing = 1.0, constant = 1.0;
  status = find_rate(question, rule, 0.5, &vanishing, error);
  if (status == BIASCOPE_OK) status = find_rate(question, rule, 0.0, &constant, error);
  if (status == BIASCOPE_OK) out->handover_step *= vanishing / constant;
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status; /* the limit does not hang on the rates */
}

/* Turns the question into that of a run whose steps are those of the epoch map, and fills its rule. */
static void map_question(bs_question *question, bs_epoch_rule *rule) {
  biascope_options *training = &question->training;
  bs_epoch_rule_of(training, question->data->samples, rule);
  const double longer = bs_lr_adjustment(training, bs_outputs(question->data), question->data->features);
  training->lr *= longer;
  training->weight_decay /= longer;
}

/* An equilibrium of the epoch map of the rule's own updates, or, once eps has taken over, gradient descent's limit. */
static biascope_status predict_by_map(const bs_question *question, biascope_prediction *out, biascope_error *error) {
  bs_question mapped = *question;
  bs_epoch_rule rule;
  map_question(&mapped, &rule);
  if (question->training.eps > 0.0) return predict_with_eps(&mapped, &rule, out, error);
  const biascope_status status = predict_rule(&mapped, &rule, out, error);
  out->rate *= mapped.training.lr / question->training.lr; /* per unit of the run's own eta */
  return status;
}

static biascope_status predict_l2(const bs_question *question, biascope_prediction *out, biascope_error *error) {
  return bs_predict_margin(question, (biascope_norm){.kind = BIASCOPE_L2}, "l2 max-margin", out, error);
}

static biascope_status refuse(const bs_question *question, biascope_prediction *out, biascope_error *error) {
  (void)out;
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(question->training.optimizer);
  return bs_fail(error, BIASCOPE_USAGE, "no limit is predicted for %s: %s", rule->name, rule->unknown);
}

/* Equilibria are limits of training where |l'| falls like e^-z. Under a Gaussian tail it falls by the factor
 * e^(-z eta rate) a step: a limit of small steps only where z eta vanishes, z being about the sum of eta. Gradient
 * descent's own steps vanish with the gradient. */
static biascope_status require_covered_loss(const bs_question *question, biascope_error *error) {
  const biascope_options *training = &question->training;
  const bs_loss *loss = bs_loss_of(training->loss);
  const bool vanishing =
      training->optimizer == BIASCOPE_GD || (training->lr_decay > 0.5 && training->eps == 0.0 &&
                                             !bs_weights_shrink(training) && training->optimizer != BIASCOPE_ADAGRAD);
  switch (loss->tail) {
  case BS_TAIL_EXPONENTIAL:
    return BIASCOPE_OK;
  case BS_TAIL_POLYNOMIAL:
    return bs_fail(error, BIASCOPE_USAGE,
                   "no limit is predicted for the %s loss: it weighs every sample by its margin for good, so that the "
                   "limit is no max-margin direction and no equilibrium",
                   loss->name);
  case BS_TAIL_NONE:
    return bs_fail(error, BIASCOPE_USAGE,
                   "no limit is predicted for the %s loss: training stops once every margin exceeds 1", loss->name);
  case BS_TAIL_GAUSSIAN:
    break;
  }
  if (vanishing && question->options.steps == 0) return BIASCOPE_OK;
  return bs_fail(
      error, BIASCOPE_USAGE,
      "under the %s loss the limit alone is predicted, for gd, or with lr_decay above 0.5 for optimizers other "
      "than adagrad with eps 0 and no weight decay: otherwise the gradient fades faster than steps shrink",
      loss->name);
}

static bool schedule_ends(const biascope_options *training) {
  return training->schedule != BIASCOPE_INVERSE_POWER && training->schedule != BIASCOPE_CONSTANT;
}

biascope_status bs_require_lasting_steps(const biascope_options *training, biascope_error *error) {
  if (!schedule_ends(training)) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE,
                 "no limit is predicted for a schedule whose step sizes have a finite sum: training stops at a point "
                 "that their sum decides. Train it, or predict the schedule inverse-power or constant");
}

/* A limit is one of steps that go on; a warm-up is forgotten on the way there. */
static biascope_status require_covered_schedule(const biascope_options *training, uint64_t steps,
                                                biascope_error *error) {
  if (steps == 0) {
    const biascope_status status = bs_require_lasting_steps(training, error);
    if (status != BIASCOPE_OK) return status;
  }
  if (schedule_ends(training) || (training->warmup > 0 && (steps > 0 || training->eps > 0.0)))
    return bs_fail(error, BIASCOPE_USAGE,
                   "the point after a number of steps, and the step at which eps takes over, are predicted for the "
                   "schedules inverse-power and constant without a warm-up; train it");
  return BIASCOPE_OK;
}

/* Decay in the gradient gives the loss a minimiser. */
static biascope_status require_no_coupled_decay(const biascope_options *training, biascope_error *error) {
  if (bs_coupled_decay(training) == 0.0) return BIASCOPE_OK;
  return bs_fail(
      error, BIASCOPE_USAGE,
      "no limit is predicted for weight decay %g that is added to the gradient: the loss with it has a "
      "minimiser, and weights stay there. Train it, or predict adamw, whose decay is apart from the gradient",
      training->weight_decay);
}

/* Shampoo's sums grow for ever, as adagrad's do. */
static biascope_status require_averages(const biascope_options *training, biascope_error *error) {
  if (!training->sums) return BIASCOPE_OK;
  return bs_fail(
      error, BIASCOPE_USAGE,
      "no limit is predicted for shampoo's sums over the run, whose step sizes shrink with them: train it, or "
      "predict its averages");
}

/* Newton and Schulz's polynomial moves singular values about 1, depending on all of them. */
static biascope_status require_exact_factor(const biascope_options *training, biascope_error *error) {
  if (training->newton_schulz == 0) return BIASCOPE_OK;
  return bs_fail(
      error, BIASCOPE_USAGE,
      "no limit is predicted for %llu iterations of Newton and Schulz, which are not the exact polar factor: "
      "train it, or predict newton_schulz 0",
      (unsigned long long)training->newton_schulz);
}

/* With eps the limit alone is predicted, and without weight decay. */
static biascope_status require_covered_eps(const bs_question *question, biascope_error *error) {
  const biascope_options *training = &question->training;
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(training->optimizer);
  if (training->eps == 0.0 || rule->limit != BS_LIMIT_EQUILIBRIUM) return BIASCOPE_OK;
  if (question->options.steps > 0)
    return bs_fail(error, BIASCOPE_USAGE, "the direction after a number of steps is predicted for eps 0 only, not %g",
                   training->eps);
  if (bs_weights_shrink(training))
    return bs_fail(error, BIASCOPE_USAGE, "weight decay is predicted for eps 0 only, not %g", training->eps);
  return BIASCOPE_OK;
}

/* By what the rule says of its limit. */
static biascope_status answer(const bs_question *question, biascope_prediction *out, biascope_error *error) {
  static biascope_status (*const LIMITS[])(const bs_question *, biascope_prediction *,
                                           biascope_error *) = {[BS_LIMIT_UNKNOWN] = refuse,
                                                                [BS_LIMIT_L2] = predict_l2,
                                                                [BS_LIMIT_EQUILIBRIUM] = predict_by_map,
                                                                [BS_LIMIT_ACCUMULATED] = bs_predict_adagrad};
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(question->training.optimizer);
  if (question->options.steps > 0 && (rule->limit == BS_LIMIT_L2 || rule->limit == BS_LIMIT_ACCUMULATED))
    return bs_fail(error, BIASCOPE_USAGE,
                   "the point after a number of steps is not predicted for %s, whose update depends on the gradient's "
                   "size",
                   rule->name);
  return LIMITS[rule->limit](question, out, error);
}

biascope_predict_options bs_predict_options_of(const biascope_predict_options *options) {
  biascope_predict_options chosen = options ? *options : (biascope_predict_options){0};
  if (chosen.tolerance == 0.0) chosen.tolerance = DEFAULT_TOLERANCE;
  return chosen;
}

biascope_status bs_predict_from(const biascope_dataset *data, const biascope_options *training,
                                const biascope_predict_options *options, const bs_start *start,
                                biascope_prediction *out, biascope_error *error) {
  *out = (biascope_prediction){0};
  biascope_status status = require_covered_schedule(training, options ? options->steps : 0, error);
  if (status == BIASCOPE_OK) status = biascope_options_check(training, data->samples, error);
  if (status == BIASCOPE_OK) status = bs_prediction_allocate(data, out, error);
  if (status != BIASCOPE_OK) return status;
  bs_question question = {
      .data = data, .training = bs_options_read(training), .options = bs_predict_options_of(options), .start = start};
  status = bs_require_plain_limit(training, question.options.steps, error);
  question.training = bs_options_in_powers(&question.training);
  if (status == BIASCOPE_OK) status = require_no_coupled_decay(&question.training, error);
  if (status == BIASCOPE_OK) status = require_covered_loss(&question, error);
  if (status == BIASCOPE_OK) status = require_averages(&question.training, error);
  if (status == BIASCOPE_OK) status = require_exact_factor(&question.training, error);
  if (status == BIASCOPE_OK) status = require_covered_eps(&question, error);
  biascope_dataset *scaled = NULL;
  if (status == BIASCOPE_OK) status = bs_question_scale(&question, &scaled, error);
  if (status == BIASCOPE_OK) status = answer(&question, out, error);
  out->rate = ldexp(out->rate, question.exponent);
  biascope_dataset_free(scaled);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) biascope_prediction_free(out);
  return status;
}

/* In the unit of the question, and per unit of the mapped run's eta. */
static biascope_status follow_scaled(const bs_question *question, bs_way *way, biascope_error *error) {
  const size_t d = bs_margin_weights(question->data);
  bs_question mapped = *question;
  bs_epoch_rule rule;
  map_question(&mapped, &rule);
  double *start = BS_NEW(double, d);
  if (!start) return bs_fail_memory(error, "the path of training");
  for (size_t k = 0; k < d; k++) start[k] = ldexp(way->start[k], question->exponent);
  const bs_way asked = *way;
  const double faster = mapped.training.lr / question->training.lr;
  way->start = start;
  way->time = ldexp(asked.time, question->exponent) * faster;
  const biascope_status status = bs_path_follow(&mapped, &rule, way, error);
  way->start = asked.start;
  way->time = asked.time;
  way->speed *= faster;
  free(start);
  return status;
}

biascope_status bs_follow_way(const biascope_dataset *data, const biascope_options *training,
                              const biascope_predict_options *options, bs_way *way, biascope_error *error) {
  bs_question question = {.data = data, .training = bs_options_read(training), .options = *options};
  biascope_dataset *scaled = NULL;
  biascope_status status = bs_question_scale(&question, &scaled, error);
  if (status == BIASCOPE_OK) status = follow_scaled(&question, way, error);
  biascope_dataset_free(scaled);
  return status;
}

biascope_status biascope_adamproxy_fixed_point(const biascope_dataset *data, biascope_prediction *out, double *metric,
                                               biascope_error *error) {
  const biascope_options training = bs_options_of(BIASCOPE_ADAMPROXY);
  biascope_status status = metric ? bs_require_two_classes(data, "the metric is known", error) : BIASCOPE_OK;
  *out = (biascope_prediction){0};
  if (status == BIASCOPE_OK) status = bs_predict_from(data, &training, NULL, NULL, out, error);
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
