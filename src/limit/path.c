#include "limit/path.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/constant_step.h"
#include "limit/path_flow.h"
#include "limit/step_sum.h"
#include "loss/classes.h"
#include "rule/option.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLOW_STEPS = 20000, SAMPLED_STEPS = 1 << 14, TIME_PIECES = 8, TIMES_SHARPER = 4 };

static const double FIRST_SMOOTHING = 0.1, SHARPER = 0.1; /* of signs, on the way to a point of rest */
static const double AT_REST = 1e-12;                      /* |D - decay w| relative to |D| */

/* An error beyond the smoothing would throw a sliding update from one side to the other. */
static void follow_signs_closely(bs_path *p) {
  const bs_epoch_rule *rule = &p->game.rule;
  if (rule->direction == BS_SIGN) bs_flow_set_tolerance(p->flow, fmin(BS_PATH_MARGIN_ERROR, rule->smoothing));
}

/* The flow's point: its direction, weights, growth and loss. */
static void export_point(const bs_question *question, bs_path *p, biascope_prediction *out) {
  const size_t N = out->rows, d = out->outputs * out->features, each = p->game.rows_of_each;
  const double *slopes = bs_flow_log_slopes(p->flow), *z = bs_flow_margins(p->flow);
  const double total = bs_log_sum_exp(N, slopes);
  double *losses = out->dual, value = 0.0, least = INFINITY;
  memcpy(out->direction, bs_flow_weights(p->flow), d * sizeof *out->direction);
  const double norm = bs_norm2(d, out->direction);
  bs_scale(d, 1.0 / norm, out->direction);
  out->weight_norm = ldexp(norm, -question->exponent);
  for (size_t i = 0; i < out->samples; i++)
    losses[i] = bs_loss_of(question->training.loss)->log_value(bs_classes_soft_margin(each, z + i * each));
  out->log_loss = bs_log_sum_exp(out->samples, losses) - log((double)out->samples);
  bs_game_evaluate(&p->game, slopes, false);
  out->support = 0;
  for (size_t i = 0; i < N; i++) {
    out->dual[i] = exp(slopes[i] - total);
    out->support += out->dual[i] > 0.0;
    value += out->dual[i] * p->game.growth[i];
    least = fmin(least, p->game.growth[i]);
  }
  out->gap = (value - least) / fabs(value);
  out->rate = value;
}

/* Where steps are not small the averages lag behind the shrinking gradient, and an update is `gain` times as long as on
 * the path of vanishing steps (constant_step.h): the path's time is then the sum of eta gain. Gives that of the steps
 * from `start` to `end`, sums of eta, while margins grow at `rate`. */
static double lagging_time(const biascope_options *training, const bs_epoch_rule *rule, double rate, double start,
                           double end) {
  double time = 0.0;
  for (int piece = 0; piece < TIME_PIECES; piece++) {
    const double middle = start + (end - start) * (piece + 0.5) / TIME_PIECES;
    const double step = bs_steps_for(training->lr, training->lr_decay, middle);
    const double eta = training->lr * pow(step + 1.0, -training->lr_decay);
    double gain = 1.0;
    if (rate > 0.0 && bs_constant_step_gain(rule, eta, rate, &gain, NULL) != BIASCOPE_OK) gain = 1.0; /* stale */
    time += (end - start) / TIME_PIECES * gain;
  }
  return time;
}

/* Follows the path to the end of the steps. */
static biascope_status follow_steps(const bs_question *question, const bs_epoch_rule *rule, bs_path *p,
                                    biascope_error *error) {
  const biascope_options *training = &question->training;
  const double end = bs_step_sum(training->lr, training->lr_decay, (double)question->options.steps);
  double done = 0.0;
  for (int n = 0; n < MOST_FLOW_STEPS && done < end * (1.0 - 1e-12); n++) {
    double rate = INFINITY;
    bs_game_evaluate(&p->game, bs_flow_log_slopes(p->flow), false);
    for (size_t i = 0; i < p->game.samples; i++) rate = fmin(rate, p->game.growth[i]);
    /* in pieces over which the step size halves at most */
    const double piece = fmin(end, fmax(2.0 * done, done + training->lr));
    const double ahead = lagging_time(training, rule, rate, done, piece);
    const double start = bs_flow_time(p->flow);
    if (!bs_path_advance(p, start + ahead)) break;
    done += (piece - done) * (bs_flow_time(p->flow) - start) / ahead;
  }
  if (done >= end * (1.0 - 1e-12)) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the path of training was followed over %.3g of the sum of the steps' eta only", done / end);
}

biascope_status bs_predict_after_steps(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                       biascope_error *error) {
  bs_path p;
  biascope_status status = bs_path_create(question, rule, BS_PATH_MARGIN_ERROR, SAMPLED_STEPS, &p, error);
  if (status != BIASCOPE_OK) return status;
  follow_signs_closely(&p);
  status = follow_steps(question, rule, &p, error);
  export_point(question, &p, out);
  out->method = "path of training: the differential equation dw/ds = D, s = sum eta";
  bs_path_free(&p);
  return status;
}

/* max |D - decay w| / max |D| at the flow's point. */
static double unrest(bs_path *p, double decay) {
  const size_t d = p->game.features;
  const double *w = bs_flow_weights(p->flow);
  double largest = 0.0;
  bs_game_evaluate(&p->game, bs_flow_log_slopes(p->flow), false);
  for (size_t k = 0; k < d; k++) largest = fmax(largest, fabs(p->game.direction[k] - decay * w[k]));
  return largest / bs_max_abs(d, p->game.direction);
}

/* What rounding of the margins, which the logarithms of gradients are, leaves of the update's difference from the
 * decay: smoothed signs magnify it. */
static double rounding_of_rest(const bs_path *p) {
  const double known = DBL_EPSILON * (1.0 + bs_max_abs(p->game.samples, bs_flow_margins(p->flow)));
  return 4.0 * known / (p->game.rule.direction == BS_SIGN ? p->game.rule.smoothing : 1.0);
}

/* Follows the flow to where update and decay balance; returns how far they still differ. */
static double come_to_rest(bs_path *p, double decay, double *least) {
  double moving = unrest(p, decay);
  *least = fmax(AT_REST, rounding_of_rest(p));
  for (int step = 0; step < MOST_FLOW_STEPS && moving > *least && bs_path_advance(p, INFINITY); step++) {
    moving = unrest(p, decay);
    *least = fmax(AT_REST, rounding_of_rest(p));
  }
  return moving;
}

biascope_status bs_predict_rest(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                biascope_error *error) {
  bs_path p;
  biascope_status status = bs_path_create(question, rule, BS_PATH_MARGIN_ERROR, SAMPLED_STEPS, &p, error);
  if (status != BIASCOPE_OK) return status;
  const bool signs = p.game.rule.direction == BS_SIGN;
  double moving = INFINITY, least = AT_REST;
  /* signs less and less smoothed: the update jumps where the flow would have to stop */
  if (signs) p.game.rule.smoothing = FIRST_SMOOTHING;
  for (int sharper = 0; sharper == 0 || (signs && sharper < TIMES_SHARPER); sharper++) {
    if (sharper > 0) p.game.rule.smoothing *= SHARPER;
    follow_signs_closely(&p);
    moving = come_to_rest(&p, question->training.weight_decay, &least);
  }
  export_point(question, &p, out);
  out->gap = moving;
  out->rate = 0.0;
  out->method = "point of rest: the update D balances the weight decay";
  const bool exhausted = bs_game_exhausted(&p.game);
  bs_path_free(&p);
  if (moving <= fmax(least, question->options.tolerance)) return BIASCOPE_OK;
  if (exhausted)
    return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                   "no point of rest was found within the effort allowed; `biascope predict` takes the time");
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no point of rest was found: the update and the weight decay differ by %.1e", moving);
}

/* log sqrt(v), root-mean-square over coordinates and batches. gradient: d entries of scratch. */
static double log_second_moment(const bs_path *p, double *gradient) {
  const size_t N = p->game.samples, d = p->game.features;
  const double *slopes = bs_flow_log_slopes(p->flow);
  const double total = bs_log_sum_exp(N, slopes);
  double sum = 0.0;
  for (size_t t = 0; t < p->schedule.steps; t++) {
    const double share = 1.0 / (double)(p->schedule.start[t + 1] - p->schedule.start[t]);
    memset(gradient, 0, d * sizeof *gradient);
    for (size_t n = p->schedule.start[t]; n < p->schedule.start[t + 1]; n++) {
      const size_t i = p->schedule.sample[n];
      bs_axpy(d, share * exp(slopes[i] - total), p->game.rows + i * d, gradient);
    }
    sum += bs_dot(d, gradient, gradient);
  }
  return total + 0.5 * log(sum / (double)(p->schedule.steps * d));
}

biascope_status bs_handover_step(const bs_question *question, const bs_epoch_rule *rule, double *step,
                                 biascope_error *error) {
  const biascope_options *training = &question->training;
  const double threshold = log(training->eps);
  bs_path p;
  biascope_status status = bs_path_create(question, rule, BS_PATH_MARGIN_ERROR, SAMPLED_STEPS, &p, error);
  if (status != BIASCOPE_OK) return status;
  double *gradient = BS_NEW(double, p.game.features), before = 0.0, now = 0.0, start = 0.0;
  bool advanced = gradient != NULL;
  if (advanced) now = log_second_moment(&p, gradient);
  for (int n = 0; n < MOST_FLOW_STEPS && advanced && now > threshold; n++) {
    before = now;
    start = bs_flow_time(p.flow);
    advanced = bs_path_advance(&p, INFINITY);
    now = log_second_moment(&p, gradient);
  }
  const double share = now < before ? (before - threshold) / (before - now) : 0.0;
  const double time = start + share * (bs_flow_time(p.flow) - start);
  *step = now > threshold ? INFINITY : bs_steps_for(training->lr, training->lr_decay, time);
  status = gradient ? BIASCOPE_OK : bs_fail_memory(error, "the gradient");
  free(gradient);
  bs_path_free(&p);
  return status;
}
