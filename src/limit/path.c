#include "limit/path.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/constant_step.h"
#include "limit/exact_map.h"
#include "limit/flow.h"
#include "limit/sampling.h"
#include "limit/search.h"
#include "limit/step_sum.h"
#include "loss/classes.h"
#include "margin/rows.h"
#include "rule/option.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLOW_STEPS = 20000, SAMPLED_STEPS = 1 << 14, TIME_PIECES = 8, TIMES_SHARPER = 4 };
/* Of a sequence that stands in for a random order: its steps, or two epochs; steps times weights; and samples times
 * weights. And of the sequences that correct it. */
enum { STAND_IN = 1 << 12, STAND_IN_CELLS = 1 << 20, STAND_IN_WORK = 1 << 24 };
enum { LONG = 1 << 17, LEAST_LONG = 1 << 14, LONG_WORK = 1 << 25 };

static const double MARGIN_ERROR = 1e-3;
static const double SMOOTHING = 1e-4; /* of sign updates; on the way to a point of rest it falls from */
static const double FIRST_SMOOTHING = 0.1, SHARPER = 0.1;
/* The same if the path decides between equilibria, from which more smoothing leads it by hundredths of a radian. */
static const double SHARP = 1e-5;
/* 1 - cos between D and the direction that the path leads to, and in a random order, where both are sampled. */
static const double ARRIVED = 1e-6, ARRIVED_SAMPLED = 1e-4;
/* 1 - cos between the changes of the weights over two spans of time, each at least as long as all the time before,
 * below which the path has settled if it stays so until its time is by that factor longer; D is sampled in a random
 * order. */
static const double SETTLED = 1e-7, SETTLED_SAMPLED = 1e-4, STAYS = 1e3;
static const double AGAIN = 1.2;     /* the part by which the time grows until D is corrected again */
static const double AT_REST = 1e-12; /* |D - decay w| relative to |D| */

typedef struct {
  bs_schedule schedule;
  bs_epoch_map *map;
  bs_normal_signs *signs; /* the game's, or NULL */
  bs_game game;
  bs_flow *flow;
  bool shrinks; /* by weight decay, so that weights come to rest */
} path;

static void path_free(path *p) {
  bs_flow_free(p->flow);
  bs_game_free(&p->game);
  bs_normal_signs_free(p->signs);
  bs_epoch_map_free(p->map);
  bs_schedule_free(&p->schedule);
}

/* sampled: the steps of the sequence that stands for a random order. */
static biascope_status path_create(const bs_question *question, const bs_epoch_rule *rule, double margin_error,
                                   size_t sampled, path *p, biascope_error *error) {
  const biascope_options *training = &question->training;
  bs_epoch_rule smooth = *rule;
  if (bs_is_full_batch(training, question->data->samples) && rule->direction == BS_RATIO)
    smooth = (bs_epoch_rule){.direction = BS_SIGN}; /* m / sqrt(v) over the full batch */
  if (smooth.direction == BS_SIGN) smooth.smoothing = SMOOTHING;
  *p = (path){.shrinks = bs_weights_shrink(training)};
  if (question->options.sample_length > 0) sampled = question->options.sample_length;
  biascope_status status = bs_schedule_create(training, question->data, sampled, 0, &p->schedule, error);
  if (status == BIASCOPE_OK)
    status = bs_epoch_map_create(question->data, &p->schedule, 1, smooth.direction, &p->map, error);
  if (status == BIASCOPE_OK) status = bs_game_create(p->map, &smooth, &p->game, error);
  if (status == BIASCOPE_OK)
    status =
        bs_flow_create(&p->game, bs_loss_of(training->loss), training->weight_decay, margin_error, &p->flow, error);
  if (status != BIASCOPE_OK) path_free(p);
  p->game.most_effort = question->options.effort > 0.0 ? question->options.effort : INFINITY;
  return status;
}

/* An error beyond the smoothing would throw a sliding update from one side to the other. */
static void follow_signs_closely(path *p) {
  const bs_epoch_rule *rule = &p->game.rule;
  if (rule->direction == BS_SIGN) bs_flow_set_tolerance(p->flow, fmin(MARGIN_ERROR, rule->smoothing));
}

static bool path_advance(path *p, double limit) {
  return !bs_game_exhausted(&p->game) && bs_flow_advance(p->flow, limit);
}

static double log_sum_exp(size_t n, const double *x) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, x[i]);
  for (size_t i = 0; i < n; i++) sum += exp(x[i] - largest);
  return largest + log(sum);
}

/* The flow's point: its direction, weights, growth and loss. */
static void export_point(const bs_question *question, path *p, biascope_prediction *out) {
  const size_t N = out->rows, d = out->outputs * out->features, each = p->game.rows_of_each;
  const double *slopes = bs_flow_log_slopes(p->flow), *z = bs_flow_margins(p->flow);
  const double total = log_sum_exp(N, slopes);
  double *losses = out->dual, value = 0.0, least = INFINITY;
  memcpy(out->direction, bs_flow_weights(p->flow), d * sizeof *out->direction);
  const double norm = bs_norm2(d, out->direction);
  bs_scale(d, 1.0 / norm, out->direction);
  out->weight_norm = ldexp(norm, -question->exponent);
  for (size_t i = 0; i < out->samples; i++)
    losses[i] = bs_loss_of(question->training.loss)->log_value(bs_classes_soft_margin(each, z + i * each));
  out->log_loss = log_sum_exp(out->samples, losses) - log((double)out->samples);
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
static biascope_status follow_steps(const bs_question *question, const bs_epoch_rule *rule, path *p,
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
    if (!path_advance(p, start + ahead)) break;
    done += (piece - done) * (bs_flow_time(p->flow) - start) / ahead;
  }
  if (done >= end * (1.0 - 1e-12)) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the path of training was followed over %.3g of the sum of the steps' eta only", done / end);
}

biascope_status bs_predict_after_steps(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                       biascope_error *error) {
  path p;
  biascope_status status = path_create(question, rule, MARGIN_ERROR, SAMPLED_STEPS, &p, error);
  if (status != BIASCOPE_OK) return status;
  follow_signs_closely(&p);
  status = follow_steps(question, rule, &p, error);
  export_point(question, &p, out);
  out->method = "path of training: the differential equation dw/ds = D, s = sum eta";
  path_free(&p);
  return status;
}

/* 1 - cos between D at the flow's point and the direction. */
static double distance_from(path *p, const double *direction) {
  bs_game_evaluate(&p->game, bs_flow_log_slopes(p->flow), false);
  return 1.0 - bs_cosine(p->game.features, p->game.direction, direction);
}

/* What makes D of the sequence that stands in for a random order the mean over long ones: an offset, found again when
 * the path has gone on for a while. */
typedef struct {
  bs_exact_map exact;
  double *offset, *mean; /* d; NULL where the order is fixed */
  double next;           /* the time when the offset is found again */
  double chance;         /* in the mean, bs_exact_map_chance */
} correction;

static void correction_free(correction *c) {
  bs_exact_map_free(&c->exact);
  free(c->offset);
  free(c->mean);
}

static biascope_status correction_create(const bs_question *question, path *p, correction *c, biascope_error *error) {
  const size_t d = p->game.features;
  const size_t most = LONG_WORK / d / bs_batch_size(&question->training, question->data->samples);
  *c = (correction){0};
  if (!bs_seed_matters(&question->training)) return BIASCOPE_OK;
  c->offset = BS_NEW(double, d);
  c->mean = BS_NEW(double, d);
  biascope_status status = c->offset && c->mean ? BIASCOPE_OK : bs_fail_memory(error, "the path of training");
  bs_epoch_rule exact = p->game.rule;
  if (exact.direction == BS_SIGN) exact.smoothing = BS_SAMPLED_SMOOTHING;
  const size_t steps = most < LEAST_LONG ? LEAST_LONG : most < LONG ? most : LONG;
  const size_t replicates = bs_replicates_of_total(steps, exact.beta1, exact.beta2, 1);
  if (status == BIASCOPE_OK)
    status = bs_exact_map_create(question, &exact, &p->game, steps, replicates, &c->exact, error);
  p->game.offset = c->offset;
  return status;
}

/* At the path's point, whose time counts from `earlier` before the flow's. */
static void correct(correction *c, path *p, double earlier) {
  const double *slopes = bs_flow_log_slopes(p->flow);
  if (!c->offset || bs_flow_time(p->flow) < c->next) return;
  bs_exact_map_evaluate(&c->exact, &p->game, slopes, c->mean);
  if (c->next == 0.0) c->chance = bs_exact_map_chance(&c->exact, c->mean, p->game.features);
  bs_game_evaluate(&p->game, slopes, false);
  for (size_t k = 0; k < p->game.features; k++) c->offset[k] += c->mean[k] - p->game.direction[k];
  c->next = AGAIN * (bs_flow_time(p->flow) + earlier) - earlier;
}

/* The direction of the path's way while its time doubles, which no sliding of signs to and fro disturbs. */
typedef struct {
  double *mark;       /* d: the weights when the time was `from` */
  double *direction;  /* d: of Euclidean norm 1, or 0 where no time has doubled yet */
  double *before;     /* d: the same of the time before that */
  double from, since; /* since: from when on it has settled; INFINITY: it has not */
  double same;        /* 1 - cos of a way that has settled */
  double speed;       /* the length of that way per time */
} course;

static void course_free(course *way) {
  free(way->mark);
  free(way->direction);
  free(way->before);
}

static biascope_status course_create(size_t d, double same, course *way, biascope_error *error) {
  *way = (course){.same = same, .mark = BS_NEW(double, d), .direction = BS_NEW(double, d), .before = BS_NEW(double, d)};
  return way->mark && way->direction && way->before ? BIASCOPE_OK : bs_fail_memory(error, "the path of training");
}

static void course_start(course *way, size_t d, const double *w, double time) {
  memcpy(way->mark, w, d * sizeof *w);
  way->from = time;
  way->since = INFINITY;
}

/* Whether the path has settled. */
static bool course_watch(course *way, size_t d, const double *w, double time) {
  if (time < 2.0 * way->from) return false;
  memcpy(way->before, way->direction, d * sizeof *way->before);
  for (size_t k = 0; k < d; k++) way->direction[k] = w[k] - way->mark[k];
  const double length = bs_norm2(d, way->direction);
  bs_scale(d, 1.0 / length, way->direction);
  way->speed = length / (time - way->from);
  const bool same = bs_cosine(d, way->before, way->direction) >= 1.0 - way->same;
  way->since = same ? fmin(way->since, time) : INFINITY;
  memcpy(way->mark, w, d * sizeof *w);
  way->from = time;
  return time >= STAYS * way->since;
}

/* By how many standard errors the mean over the weights of how fast margins grow is below 0, from the parts of a random
 * order's mean. gradient: d entries of scratch. */
static double measure_fall(const path *p, bs_replicates of, double *gradient) {
  const size_t N = p->game.samples, d = p->game.features;
  const double *slopes = bs_flow_log_slopes(p->flow), total = log_sum_exp(N, slopes), count = (double)of.count;
  double sum = 0.0, squares = 0.0;
  memset(gradient, 0, d * sizeof *gradient);
  for (size_t i = 0; i < N; i++) bs_axpy(d, exp(slopes[i] - total), p->game.rows + i * d, gradient);
  for (size_t r = 0; r < of.count; r++) {
    const double growth = bs_dot(d, gradient, of.direction + r * d);
    sum += growth;
    squares += growth * growth;
  }
  const double mean = sum / count, variance = (squares / count - mean * mean) / (count - 1.0);
  return -mean / sqrt(fmax(variance, 0.0));
}

/* What chance there is in the end of the path. */
static biascope_status weigh_end(path *p, correction *c, bs_way *way, biascope_error *error) {
  const double *slopes = bs_flow_log_slopes(p->flow);
  way->end_error = 0.0;
  if (!c->offset) {
    const bs_equilibrium end = bs_equilibrium_measure(&p->game, slopes);
    way->falls = end.value < 0.0 ? INFINITY : 0.0;
    return BIASCOPE_OK;
  }
  way->falls = 0.0;
  bs_exact_map_evaluate(&c->exact, &p->game, slopes, c->mean);
  if (c->exact.parts.count < 2) return BIASCOPE_OK;
  way->falls = measure_fall(p, c->exact.parts, c->mean);
  return bs_sampling_error(&p->game, c->exact.parts, slopes, &way->end_error, error);
}

/* From the end of the piece on. */
static biascope_status follow_to_end(path *p, correction *c, course *taken, bs_way *way, biascope_error *error) {
  const size_t d = p->game.features;
  const double arrived = c->offset ? ARRIVED_SAMPLED : ARRIVED;
  const double *w = bs_flow_weights(p->flow);
  double apart = way->direction ? distance_from(p, way->direction) : INFINITY;
  bool settled = false;
  course_start(taken, d, w, bs_flow_time(p->flow) + way->time);
  for (int n = 0; n < MOST_FLOW_STEPS && apart > arrived && !settled && path_advance(p, INFINITY); n++) {
    correct(c, p, way->time);
    settled = !p->shrinks && course_watch(taken, d, w, bs_flow_time(p->flow) + way->time);
    if (way->direction) apart = distance_from(p, way->direction);
  }
  bs_game_evaluate(&p->game, bs_flow_log_slopes(p->flow), false);
  way->settled = settled;
  way->speed = taken->speed;
  memcpy(way->end, settled ? taken->direction : p->game.direction, d * sizeof *way->end);
  return weigh_end(p, c, way, error);
}

/* The smoothed signs of an epoch's updates. */
static biascope_status export_updates(path *p, double *updates, biascope_error *error) {
  const size_t cells = p->schedule.steps * p->game.features;
  double *sizes = BS_NEW(double, cells);
  if (!sizes) return bs_fail_memory(error, "the path of training");
  bs_epoch_map_momenta(p->map, &p->game.rule, bs_flow_log_slopes(p->flow), updates, sizes);
  for (size_t n = 0; n < cells; n++) updates[n] = bs_smoothed_sign(updates[n], p->game.rule.smoothing * sizes[n]);
  free(sizes);
  return BIASCOPE_OK;
}

static biascope_status follow_way(path *p, correction *c, course *taken, bs_way *way, biascope_error *error) {
  const size_t d = p->game.features;
  const double whole = way->time * (1.0 - 1e-12);
  bs_flow_start(p->flow, way->start);
  correct(c, p, way->time);
  while (bs_flow_time(p->flow) < whole && path_advance(p, way->time)) correct(c, p, way->time);
  const bool followed = bs_flow_time(p->flow) >= whole;
  way->chance = c->chance;
  for (size_t k = 0; k < d; k++) way->increment[k] = followed ? bs_flow_weights(p->flow)[k] - way->start[k] : 0.0;
  memset(way->end, 0, d * sizeof *way->end);
  way->settled = false;
  way->falls = way->end_error = 0.0;
  const bool same = followed && (!way->gain || bs_cosine(d, way->increment, way->gain) >= 1.0 - way->same);
  if (same && way->further > 0.0) p->game.most_effort = fmax(p->game.most_effort, way->further);
  const biascope_status status = same ? follow_to_end(p, c, taken, way, error) : BIASCOPE_OK;
  if (way->log_weights) memcpy(way->log_weights, bs_flow_log_slopes(p->flow), p->game.samples * sizeof(double));
  return status;
}

static size_t stand_in_steps(const bs_question *question) {
  const biascope_options *training = &question->training;
  const size_t d = bs_margin_weights(question->data), samples = question->data->samples;
  const size_t cells = STAND_IN_CELLS / d, work = STAND_IN_WORK / d / bs_batch_size(training, samples);
  const size_t affordable = cells < work ? cells : work, steps = affordable < STAND_IN ? affordable : STAND_IN;
  const size_t two_epochs = 2 * bs_batches_per_epoch(training, samples);
  return two_epochs > steps ? two_epochs : steps;
}

biascope_status bs_path_follow(const bs_question *question, const bs_epoch_rule *rule, bs_way *way,
                               biascope_error *error) {
  path p;
  correction c = {0};
  course taken;
  biascope_status status = path_create(question, rule, way->error, stand_in_steps(question), &p, error);
  if (status != BIASCOPE_OK) return status;
  if (p.game.rule.direction == BS_SIGN && !bs_seed_matters(&question->training)) p.game.rule.smoothing = SHARP;
  if (bs_normal_signs_apply(question->data, &question->training, rule))
    status = bs_normal_signs_create(p.map, &question->training, rule, &p.signs, error);
  p.game.signs = p.signs;
  if (status == BIASCOPE_OK) status = correction_create(question, &p, &c, error);
  const biascope_status created = course_create(p.game.features, c.offset ? SETTLED_SAMPLED : SETTLED, &taken, error);
  if (status == BIASCOPE_OK) status = created;
  if (status == BIASCOPE_OK) status = follow_way(&p, &c, &taken, way, error);
  if (status == BIASCOPE_OK && way->updates) status = export_updates(&p, way->updates, error);
  course_free(&taken);
  correction_free(&c);
  path_free(&p);
  return status;
}

/* max |D - decay w| / max |D| at the flow's point. */
static double unrest(path *p, double decay) {
  const size_t d = p->game.features;
  const double *w = bs_flow_weights(p->flow);
  double largest = 0.0;
  bs_game_evaluate(&p->game, bs_flow_log_slopes(p->flow), false);
  for (size_t k = 0; k < d; k++) largest = fmax(largest, fabs(p->game.direction[k] - decay * w[k]));
  return largest / bs_max_abs(d, p->game.direction);
}

/* What rounding of the margins, which the logarithms of gradients are, leaves of the update's difference from the
 * decay: smoothed signs magnify it. */
static double rounding_of_rest(const path *p) {
  const double known = DBL_EPSILON * (1.0 + bs_max_abs(p->game.samples, bs_flow_margins(p->flow)));
  return 4.0 * known / (p->game.rule.direction == BS_SIGN ? p->game.rule.smoothing : 1.0);
}

/* Follows the flow to where update and decay balance; returns how far they still differ. */
static double come_to_rest(path *p, double decay, double *least) {
  double moving = unrest(p, decay);
  *least = fmax(AT_REST, rounding_of_rest(p));
  for (int step = 0; step < MOST_FLOW_STEPS && moving > *least && path_advance(p, INFINITY); step++) {
    moving = unrest(p, decay);
    *least = fmax(AT_REST, rounding_of_rest(p));
  }
  return moving;
}

biascope_status bs_predict_rest(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                biascope_error *error) {
  path p;
  biascope_status status = path_create(question, rule, MARGIN_ERROR, SAMPLED_STEPS, &p, error);
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
  path_free(&p);
  if (moving <= fmax(least, question->options.tolerance)) return BIASCOPE_OK;
  if (exhausted)
    return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                   "no point of rest was found within the effort allowed; `biascope predict` takes the time");
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no point of rest was found: the update and the weight decay differ by %.1e", moving);
}

/* log sqrt(v), root-mean-square over coordinates and batches. gradient: d entries of scratch. */
static double log_second_moment(const path *p, double *gradient) {
  const size_t N = p->game.samples, d = p->game.features;
  const double *slopes = bs_flow_log_slopes(p->flow);
  const double total = log_sum_exp(N, slopes);
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
  path p;
  biascope_status status = path_create(question, rule, MARGIN_ERROR, SAMPLED_STEPS, &p, error);
  if (status != BIASCOPE_OK) return status;
  double *gradient = BS_NEW(double, p.game.features), before = 0.0, now = 0.0, start = 0.0;
  bool advanced = gradient != NULL;
  if (advanced) now = log_second_moment(&p, gradient);
  for (int n = 0; n < MOST_FLOW_STEPS && advanced && now > threshold; n++) {
    before = now;
    start = bs_flow_time(p.flow);
    advanced = path_advance(&p, INFINITY);
    now = log_second_moment(&p, gradient);
  }
  const double share = now < before ? (before - threshold) / (before - now) : 0.0;
  const double time = start + share * (bs_flow_time(p.flow) - start);
  *step = now > threshold ? INFINITY : bs_steps_for(training->lr, training->lr_decay, time);
  status = gradient ? BIASCOPE_OK : bs_fail_memory(error, "the gradient");
  free(gradient);
  path_free(&p);
  return status;
}
