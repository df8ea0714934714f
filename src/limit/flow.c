/* ROS2 of Verwer, Spee, Blom and Hundsdorfer (1999): two stages, L-stable, order 2 with any Jacobian.
 *   (I - a J) k1 = f(w),  (I - a J) k2 = f(w + h k1) - 2 k1,  w += h (3 k1 + k2) / 2,  a = (1 + 1/sqrt 2) h. */
#include "limit/flow.h"

#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ATTEMPTS = 40, PATIENT = 5 };
static const double IMPATIENT = 0.3;
/* Of a step's error, relative to what it may be: one of a jump; the cosine between changes there and back; and factors
 * of the tolerance. */
static const double NOTICED = 0.05, BACK = 0.5, CLOSER = 0.1, FURTHER = 10.0;

struct bs_flow {
  bs_game *game;
  const bs_loss *loss;
  double decay, tolerance, time, step;
  double closer;               /* <= 1: the part of the tolerance that a step may take, where signs chatter */
  double error;                /* of the step before, relative to what it may be */
  size_t relevant, order;      /* samples of relevant weight; min of these and d, the order of the linear system */
  size_t *member;              /* the relevant samples */
  double *weights, *margins;   /* w, z */
  double *log_slopes;          /* log |l'| */
  double *share, *slope_decay; /* how it depends on margins: loss/classes.h */
  double *trial_weights, *trial_margins, *trial_slopes;
  double *start;             /* D(c) at the start of the step */
  double *change;            /* of it, over the step before */
  double *k1, *k2, *z1, *z2; /* stages in w and in z */
  double *response;          /* of the relevant samples' z */
  double *right;             /* max(N, d) */
  double *rows, *scaled;     /* relevant x d: rows of X, and curvature-scaled sensitivities */
  double *matrix;
  int *pivots;
};

/* At the margins of the flow's point. */
static void find_slopes(bs_flow *flow) {
  bs_game_slopes(flow->game, flow->loss, flow->margins, flow->log_slopes, flow->share, flow->slope_decay);
}

void bs_flow_free(bs_flow *flow) {
  if (!flow) return;
  double *const owned[] = {flow->weights,
                           flow->margins,
                           flow->log_slopes,
                           flow->share,
                           flow->slope_decay,
                           flow->trial_weights,
                           flow->trial_margins,
                           flow->trial_slopes,
                           flow->start,
                           flow->change,
                           flow->k1,
                           flow->k2,
                           flow->z1,
                           flow->z2,
                           flow->response,
                           flow->right,
                           flow->rows,
                           flow->scaled,
                           flow->matrix};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
  free(flow->pivots);
  free(flow->member);
  free(flow);
}

biascope_status bs_flow_create(bs_game *game, const bs_loss *loss, double decay, double tolerance, bs_flow **out,
                               biascope_error *error) {
  const size_t N = game->samples, d = game->features, order = N < d ? N : d;
  *out = NULL;
  bs_flow *flow = BS_NEW(bs_flow, 1);
  if (!flow) return bs_fail_memory(error, "the flow");
  *flow = (bs_flow){.game = game, .loss = loss, .decay = decay, .tolerance = tolerance, .closer = 1.0};
  double **const by_sample[] = {&flow->margins,       &flow->log_slopes,   &flow->share, &flow->slope_decay,
                                &flow->trial_margins, &flow->trial_slopes, &flow->z1,    &flow->z2,
                                &flow->response};
  double **const by_feature[] = {&flow->weights, &flow->trial_weights, &flow->start, &flow->change, &flow->k1,
                                 &flow->k2};
  bool allocated = true;
  for (size_t i = 0; i < sizeof by_sample / sizeof by_sample[0]; i++)
    allocated &= (*by_sample[i] = BS_NEW(double, N)) != NULL;
  for (size_t i = 0; i < sizeof by_feature / sizeof by_feature[0]; i++)
    allocated &= (*by_feature[i] = BS_NEW(double, d)) != NULL;
  flow->right = BS_NEW(double, N > d ? N : d);
  flow->member = BS_NEW(size_t, N);
  flow->rows = BS_NEW(double, N *d);
  flow->scaled = BS_NEW(double, N *d);
  flow->matrix = BS_NEW(double, order *order);
  flow->pivots = BS_NEW(int, order);
  if (!allocated || !flow->right || !flow->member || !flow->rows || !flow->scaled || !flow->matrix || !flow->pivots) {
    bs_flow_free(flow);
    return bs_fail_memory(error, "the flow");
  }
  find_slopes(flow);
  *out = flow;
  return BIASCOPE_OK;
}

void bs_flow_start(bs_flow *flow, const double *weights) {
  const bs_game *game = flow->game;
  memcpy(flow->weights, weights, game->features * sizeof *weights);
  bs_game_margins(game, weights, flow->margins);
  find_slopes(flow);
}

void bs_flow_set_tolerance(bs_flow *flow, double tolerance) {
  flow->tolerance = tolerance;
}

double bs_flow_time(const bs_flow *flow) {
  return flow->time;
}
const double *bs_flow_weights(const bs_flow *flow) {
  return flow->weights;
}
const double *bs_flow_margins(const bs_flow *flow) {
  return flow->margins;
}
const double *bs_flow_log_slopes(const bs_flow *flow) {
  return flow->log_slopes;
}

/* The sensitivity to the margin of row i: the slopes in a sample's loss depend on the margins of all of its rows, so
 * that it is S_i less (1 - decay) share_i times the sum of S over them; decay S_i if there is one. */
static void scale_sensitivity(const bs_flow *flow, size_t i, double *out) {
  const size_t d = flow->game->features, each = flow->game->rows_of_each, first = i - i % each;
  const double *sensitivity = flow->game->sensitivity;
  const double decay = flow->slope_decay[i / each], share = flow->share[i];
  const double own = (1.0 - share) + decay * share;
  for (size_t k = 0; k < d; k++) out[k] = own * sensitivity[i * d + k];
  for (size_t j = first; j < first + each; j++)
    if (j != i) bs_axpy(d, -(1.0 - decay) * share, sensitivity + j * d, out);
}

/* Steps longer than the smoothed jump of a sign throw the update from one side to the other and back again, each within
 * the tolerance, until one of them happens to end on the jump: takes them closer there at once. */
static void watch_chatter(bs_flow *flow) {
  const bs_game *game = flow->game;
  const size_t d = game->features;
  double back = 0.0, before = 0.0, now = 0.0;
  for (size_t k = 0; k < d; k++) {
    const double change = game->direction[k] - flow->start[k];
    back += change * flow->change[k];
    before += flow->change[k] * flow->change[k];
    now += change * change;
    flow->change[k] = change;
    flow->start[k] = game->direction[k];
  }
  if (game->rule.direction != BS_SIGN) return;
  const bool chatters = flow->error > NOTICED && back < -BACK * sqrt(before * now);
  const double least = fmin(1.0, game->rule.smoothing / flow->tolerance);
  flow->closer = chatters ? fmax(least, CLOSER * flow->closer) : fmin(1.0, FURTHER * flow->closer);
}

/* The sensitivities at the weights, for the samples of relevant weight: the method keeps its order with any Jacobian.
 */
static void linearise(bs_flow *flow) {
  bs_game *game = flow->game;
  const size_t d = game->features;
  bs_game_evaluate(game, flow->log_slopes, true);
  bs_parts_rank(&game->parts, flow->log_slopes);
  watch_chatter(flow);
  flow->relevant = 0;
  for (size_t i = 0; i < game->samples; i++) {
    if (!bs_parts_relevant(&game->parts, i)) continue;
    const size_t n = flow->relevant++;
    flow->member[n] = i;
    memcpy(flow->rows + n * d, game->rows + i * d, d * sizeof(double));
    scale_sensitivity(flow, i, flow->scaled + n * d);
  }
  flow->order = flow->relevant < d ? flow->relevant : d;
}

/* Factorises I - a J, J = -decay I - R' X with R the curvature-scaled sensitivities: in sample space (I + R X', by the
 * push-through identity) where there are fewer samples than features. */
static bool factorise(bs_flow *flow, double a) {
  const size_t relevant = flow->relevant, d = flow->game->features, n = flow->order;
  const double diagonal = 1.0 + a * flow->decay;
  if (n == 0) return true;
  if (relevant < d) { /* memory: column l of X R' is contiguous */
    bs_dense_multiply_abt(n, n, d, a, flow->scaled, flow->rows, flow->matrix, n);
  } else {
    bs_dense_multiply_atb(d, d, relevant, a, flow->rows, flow->scaled, flow->matrix);
  }
  for (size_t i = 0; i < n; i++) flow->matrix[i * (n + 1)] += diagonal;
  bs_game_spend(flow->game, (double)relevant * (double)d * (double)n + pow((double)n, 3.0) / 3.0);
  return bs_dense_lu(n, flow->matrix, flow->pivots, NULL) == BS_DENSE_OK;
}

/* (I - a J) k = right, and z = X k. */
static void solve_stage(bs_flow *flow, double a, double *k, double *z) {
  const size_t n = flow->relevant, d = flow->game->features;
  double *const response = flow->response;
  memcpy(k, flow->right, d * sizeof *k);
  if (n >= d) {
    bs_dense_lu_solve(flow->order, flow->matrix, flow->pivots, false, k);
    bs_game_margins(flow->game, k, z);
    return;
  }
  bs_dense_apply(n, d, 1.0, flow->rows, d, k, 0.0, response);
  if (n > 0) bs_dense_lu_solve(flow->order, flow->matrix, flow->pivots, false, response);
  if (n > 0) bs_dense_combine(n, d, -a, flow->scaled, d, response, k);
  bs_scale(d, 1.0 / (1.0 + a * flow->decay), k);
  bs_game_margins(flow->game, k, z);
  for (size_t j = 0; j < n; j++) z[flow->member[j]] = response[j]; /* more precise where a is large */
}

/* The largest error over the step of a margin's distance from that of the sample that leads its part, relative to that
 * distance: samples far behind decide nothing, and a common shift of a part's margins changes nothing. */
static double step_error(const bs_flow *flow, double h) {
  const bs_parts *parts = &flow->game->parts;
  double error = 0.0;
  for (size_t i = 0; i < flow->game->samples; i++) {
    const size_t lead = parts->ahead[i];
    const double shift = flow->decay > 0.0 ? 0.0 : flow->z1[lead] + flow->z2[lead];
    const double e = 0.5 * h * fabs(flow->z1[i] + flow->z2[i] - shift);
    error = fmax(error, e / (1.0 + parts->behind[i]));
  }
  return error / (flow->closer * flow->tolerance);
}

/* Fills the trial point at step h from the sensitivities at hand; gives its error, NaN where it fails. */
static double try_step(bs_flow *flow, double h) {
  bs_game *game = flow->game;
  const size_t N = game->samples, d = game->features;
  const double a = (1.0 + sqrt(0.5)) * h;
  if (!factorise(flow, a)) return NAN;
  for (size_t k = 0; k < d; k++) flow->right[k] = flow->start[k] - flow->decay * flow->weights[k];
  solve_stage(flow, a, flow->k1, flow->z1);
  for (size_t k = 0; k < d; k++) flow->trial_weights[k] = flow->weights[k] + h * flow->k1[k];
  for (size_t i = 0; i < N; i++) flow->trial_margins[i] = flow->margins[i] + h * flow->z1[i];
  bs_game_slopes(game, flow->loss, flow->trial_margins, flow->trial_slopes, NULL, NULL);
  bs_game_evaluate(game, flow->trial_slopes, false);
  for (size_t k = 0; k < d; k++)
    flow->right[k] = game->direction[k] - flow->decay * flow->trial_weights[k] - 2.0 * flow->k1[k];
  solve_stage(flow, a, flow->k2, flow->z2);
  for (size_t k = 0; k < d; k++)
    flow->trial_weights[k] = flow->weights[k] + h * (1.5 * flow->k1[k] + 0.5 * flow->k2[k]);
  for (size_t i = 0; i < N; i++)
    flow->trial_margins[i] = flow->margins[i] + h * (1.5 * flow->z1[i] + 0.5 * flow->z2[i]);
  return step_error(flow, h);
}

static void accept(bs_flow *flow, double h) {
  const size_t N = flow->game->samples, d = flow->game->features;
  memcpy(flow->weights, flow->trial_weights, d * sizeof(double));
  memcpy(flow->margins, flow->trial_margins, N * sizeof(double));
  find_slopes(flow);
  flow->time += h;
}

static bool all_finite(size_t n, const double *x) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) return false;
  }
  return true;
}

bool bs_flow_advance(bs_flow *flow, double limit) {
  bs_game *game = flow->game;
  const size_t N = game->samples, d = game->features;
  linearise(flow);
  if (flow->step == 0.0) flow->step = 0.1 / fmax(bs_max_abs(N, game->growth), 1e-300);
  for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const double h = fmin(flow->step, limit - flow->time);
    const double error = try_step(flow, h);
    /* beside a jump of D the error does not fall like h^2: after some attempts steps shrink faster */
    const double most = attempt >= PATIENT && error > 1.0 ? IMPATIENT : 8.0;
    const double factor = isfinite(error) ? fmin(most, fmax(0.1, 0.9 / sqrt(error))) : 0.1;
    flow->step = h < flow->step && factor > 1.0 ? flow->step : h * factor;
    if (!(error <= 1.0)) continue;
    if (!all_finite(d, flow->trial_weights) || !all_finite(N, flow->trial_margins)) return false;
    flow->error = error;
    accept(flow, h);
    return true;
  }
  return false;
}
