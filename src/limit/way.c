#include "limit/way.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/exact_map.h"
#include "limit/path_flow.h"
#include "limit/search.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In a fixed order, and in a random one, where a path settles sooner if it does. */
enum { MOST_FLOW_STEPS = 1 << 18, MOST_RANDOM_STEPS = 10000 };
/* Of a sequence that stands in for a random order: its steps, or two epochs; steps times weights; and samples times
 * weights. And of the sequences that correct it. */
enum { STAND_IN = 1 << 12, STAND_IN_CELLS = 1 << 20, STAND_IN_WORK = 1 << 24 };
enum { LONG = 1 << 17, LEAST_LONG = 1 << 14, LONG_WORK = 1 << 25 };

/* Of signs, where the path decides between equilibria: more smoothing leads it aside by hundredths of a radian. */
static const double SHARP = 1e-5;
/* 1 - cos between D and the direction that the path leads to, and in a random order, where both are sampled. */
static const double ARRIVED = 1e-6, ARRIVED_SAMPLED = 1e-4;
/* 1 - cos between the changes of the weights over two spans of time, each at least as long as all the time before,
 * below which the path has settled if it stays so until its time is by that factor longer; D is sampled in a random
 * order. */
static const double SETTLED = 1e-7, SETTLED_SAMPLED = 1e-4, STAYS = 1e3;
static const double FADES = 40.0; /* units of 1 / decay, in which earlier weights shrink by e^-40 */
static const double AGAIN = 1.2;  /* the part by which the time grows until D is corrected again */

/* 1 - cos between D at the flow's point and the direction. */
static double distance_from(bs_path *p, const double *direction) {
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

static biascope_status correction_create(const bs_question *question, bs_path *p, correction *c,
                                         biascope_error *error) {
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
static void correct(correction *c, bs_path *p, double earlier) {
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
static double measure_fall(const bs_path *p, bs_replicates of, double *gradient) {
  const size_t N = p->game.samples, d = p->game.features;
  const double *slopes = bs_flow_log_slopes(p->flow), total = bs_log_sum_exp(N, slopes), count = (double)of.count;
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
static biascope_status weigh_end(bs_path *p, correction *c, bs_way *way, biascope_error *error) {
  const double *slopes = bs_flow_log_slopes(p->flow);
  way->end_error = 0.0;
  if (!c->offset) {
    const bs_equilibrium end = bs_equilibrium_measure(&p->game, slopes);
    way->falls = end.value < 0.0 ? INFINITY : 0.0;
    return BIASCOPE_OK;
  }
  way->falls = 0.0;
  if (c->exact.expectation) return BIASCOPE_OK;
  bs_exact_map_evaluate(&c->exact, &p->game, slopes, c->mean);
  if (c->exact.parts.count < 2) return BIASCOPE_OK;
  way->falls = measure_fall(p, c->exact.parts, c->mean);
  return bs_sampling_error(&p->game, c->exact.parts, slopes, &way->end_error, error);
}

/* Whether the path is so near to its direction that it need not be followed on, beyond the effort allowed at first. */
static bool has_come(const bs_path *p, const bs_way *way, double allowed, double apart) {
  const double arrived = p->game.offset ? ARRIVED_SAMPLED : ARRIVED;
  return apart <= (p->game.effort <= allowed ? arrived : fmax(arrived, way->near));
}

/* From the end of the piece on. */
static biascope_status follow_to_end(bs_path *p, correction *c, course *taken, bs_way *way, biascope_error *error) {
  const size_t d = p->game.features;
  const double allowed = p->game.most_effort;
  const double *w = bs_flow_weights(p->flow);
  double apart = way->direction ? distance_from(p, way->direction) : INFINITY;
  bool settled = false;
  p->game.most_effort = fmax(allowed, way->further);
  const int most = c->offset ? MOST_RANDOM_STEPS : MOST_FLOW_STEPS;
  course_start(taken, d, w, bs_flow_time(p->flow) + way->time);
  const double at_rest = p->decay > 0.0 ? bs_flow_time(p->flow) + FADES / p->decay : INFINITY;
  for (int n = 0; n < most && !settled; n++) {
    if (has_come(p, way, allowed, apart) || bs_flow_time(p->flow) >= at_rest || !bs_path_advance(p, at_rest)) break;
    correct(c, p, way->time);
    settled = p->decay == 0.0 && course_watch(taken, d, w, bs_flow_time(p->flow) + way->time);
    if (way->direction) apart = distance_from(p, way->direction);
  }
  bs_game_evaluate(&p->game, bs_flow_log_slopes(p->flow), false);
  way->settled = settled;
  way->speed = taken->speed;
  memcpy(way->end, settled ? taken->direction : p->game.direction, d * sizeof *way->end);
  return weigh_end(p, c, way, error);
}

/* The smoothed signs of an epoch's updates. */
static biascope_status export_updates(bs_path *p, double *updates, biascope_error *error) {
  const size_t cells = p->schedule.steps * p->game.features;
  double *sizes = BS_NEW(double, cells);
  if (!sizes) return bs_fail_memory(error, "the path of training");
  bs_epoch_map_momenta(p->map, &p->game.rule, bs_flow_log_slopes(p->flow), updates, sizes);
  for (size_t n = 0; n < cells; n++) updates[n] = bs_smoothed_sign(updates[n], p->game.rule.smoothing * sizes[n]);
  free(sizes);
  return BIASCOPE_OK;
}

static biascope_status follow_way(bs_path *p, correction *c, course *taken, bs_way *way, biascope_error *error) {
  const size_t d = p->game.features;
  const double whole = way->time * (1.0 - 1e-12);
  bs_flow_start(p->flow, way->start);
  correct(c, p, way->time);
  while (bs_flow_time(p->flow) < whole && bs_path_advance(p, way->time)) correct(c, p, way->time);
  const bool followed = bs_flow_time(p->flow) >= whole;
  way->chance = c->chance;
  for (size_t k = 0; k < d; k++) way->increment[k] = followed ? bs_flow_weights(p->flow)[k] - way->start[k] : 0.0;
  memset(way->end, 0, d * sizeof *way->end);
  way->settled = false;
  way->falls = way->end_error = 0.0;
  const bool same = followed && (!way->gain || bs_cosine(d, way->increment, way->gain) >= 1.0 - way->same);
  const biascope_status status = same ? follow_to_end(p, c, taken, way, error) : BIASCOPE_OK;
  if (way->log_weights) memcpy(way->log_weights, bs_flow_log_slopes(p->flow), p->game.samples * sizeof(double));
  return status;
}

static size_t stand_in_steps(const bs_question *question) {
  const biascope_options *training = &question->training;
  const size_t d = bs_margin_weights(question->data), samples = question->data->samples;
  const size_t cells = STAND_IN_CELLS / d, work = STAND_IN_WORK / d / bs_batch_size(training, samples);
  const size_t affordable = cells < work ? cells : work, steps = affordable < STAND_IN ? affordable : STAND_IN;
  return bs_steps_of_two_epochs(training, samples, steps);
}

biascope_status bs_path_follow(const bs_question *question, const bs_epoch_rule *rule, bs_way *way,
                               biascope_error *error) {
  bs_path p;
  correction c = {0};
  course taken;
  biascope_status status = bs_path_create(question, rule, way->error, stand_in_steps(question), &p, error);
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
  bs_path_free(&p);
  return status;
}
