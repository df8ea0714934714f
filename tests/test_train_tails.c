/* What a loss's tail decides: where training goes, at which rate, and whether it stops (docs/losses.md). */
#include "training_cases.h"
#include <string.h>

enum { SAMPLES = 6, FEATURES = 12 };

typedef struct {
  double *values;
  biascope_dataset *data;
  biascope_margin l2;
} problem;

static problem problem_of(uint64_t seed) {
  problem p = {.values = gaussian_values(SAMPLES, FEATURES, 0.3, seed)};
  p.data = dense(SAMPLES, FEATURES, p.values);
  assert_int_equal(biascope_margin_solve(p.data, (biascope_norm){.kind = BIASCOPE_L2}, NULL, &p.l2, NULL), BIASCOPE_OK);
  return p;
}

static void problem_free(problem *p) {
  biascope_margin_free(&p->l2);
  biascope_dataset_free(p->data);
  free(p->values);
}

static double angle(const double *a, const double *b) {
  double ab = 0.0, aa = 0.0, bb = 0.0;
  for (size_t k = 0; k < FEATURES; k++) {
    ab += a[k] * b[k];
    aa += a[k] * a[k];
    bb += b[k] * b[k];
  }
  return acos(fmin(1.0, ab / sqrt(aa * bb)));
}

static double norm_of(const double *w) {
  double sum = 0.0;
  for (size_t k = 0; k < FEATURES; k++) sum += w[k] * w[k];
  return sqrt(sum);
}

static double least_margin(const problem *p, const double *w) {
  double least = INFINITY;
  for (size_t i = 0; i < SAMPLES; i++) {
    double z = 0.0;
    for (size_t k = 0; k < FEATURES; k++) z += p->values[i * FEATURES + k] * w[k];
    least = fmin(least, z);
  }
  return least;
}

/* sum_i x_i / (x_i.w)^2: minus the gradient of sum_i 1 / (x_i.w). */
static void polynomial_force(const problem *p, const double *w, double *force) {
  memset(force, 0, FEATURES * sizeof *force);
  for (size_t i = 0; i < SAMPLES; i++) {
    double z = 0.0;
    for (size_t k = 0; k < FEATURES; k++) z += p->values[i * FEATURES + k] * w[k];
    for (size_t k = 0; k < FEATURES; k++) force[k] += p->values[i * FEATURES + k] / (z * z);
  }
}

/* Full-batch normalised gradient descent converges to the direction that minimises sum_i 1 / (x_i.w) on the sphere,
 * where w is along sum_i x_i / (x_i.w)^2; a convex problem, so nothing else is. Under the exponential tail the same
 * run is at the max margin. */
static void a_polynomial_tail_has_a_limit_of_its_own(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    problem p = problem_of(seed);
    biascope_options options = bs_options_of(BIASCOPE_NGD);
    options.lr = 10.0;
    double force[FEATURES];
    options.loss = BIASCOPE_POLYNOMIAL;
    biascope_trainer *trainer = trainer_of(p.data, &options);
    advance(trainer, 100000);
    const double *w = biascope_trainer_weights(trainer);
    polynomial_force(&p, w, force);
    assert_true(least_margin(&p, w) > 0.0);
    if (!(angle(w, force) < 5e-3)) fail_msg("seed %d: %g from the minimiser", (int)seed, angle(w, force));
    if (!(angle(w, p.l2.direction) > 0.05)) fail_msg("seed %d: %g from l2", (int)seed, angle(w, p.l2.direction));
    biascope_trainer_free(trainer);
    options.loss = BIASCOPE_EXPONENTIAL;
    trainer = trainer_of(p.data, &options);
    advance(trainer, 100000);
    assert_true(angle(biascope_trainer_weights(trainer), p.l2.direction) < 0.01);
    biascope_trainer_free(trainer);
    problem_free(&p);
  }
}

/* Largest less least margin of the samples that the max margin rests on. */
static double support_spread(const problem *p, const double *w) {
  double least = INFINITY, most = -INFINITY;
  for (size_t i = 0; i < SAMPLES; i++) {
    double z = 0.0;
    for (size_t k = 0; k < FEATURES; k++) z += p->values[i * FEATURES + k] * w[k];
    if (p->l2.dual[i] == 0.0) continue;
    least = fmin(least, z);
    most = fmax(most, z);
  }
  return most - least;
}

/* How the spread changes with ||w||: the exponent between two lengths of a run. */
static double fitted_exponent(const problem *p, biascope_loss loss) {
  biascope_options options = bs_options_of(BIASCOPE_NGD);
  options.loss = loss;
  options.lr_decay = 0.75;
  options.lr = 2.0;
  biascope_trainer *trainer = trainer_of(p->data, &options);
  advance(trainer, 10000);
  const double *w = biascope_trainer_weights(trainer);
  const double norm = norm_of(w), first = support_spread(p, w);
  advance(trainer, 190000);
  const double exponent = log(support_spread(p, w) / first) / log(norm_of(w) / norm);
  biascope_trainer_free(trainer);
  return exponent;
}

/* The logarithms of the support's weights differ by constants: so do its margins under e^-z; under e^(-z^2/2) they
 * differ by 1 / ||w||. Either way they become equal as shares of ||w||: the max margin. */
static void a_gaussian_tail_equalises_margins_faster_by_one_power(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    problem p = problem_of(seed);
    assert_true(p.l2.support > 1);
    const double exponential = fitted_exponent(&p, BIASCOPE_LOGISTIC), gaussian = fitted_exponent(&p, BIASCOPE_PROBIT);
    if (!(fabs(exponential) < 0.05 && fabs(gaussian + 1.0) < 0.05))
      fail_msg("seed %d: exponents %g and %g", (int)seed, exponential, gaussian);
    problem_free(&p);
  }
}

/* Steps that do not shrink with the gradient pass the margin 1 and end there, with a loss of zero; those that do come
 * as near as they please. */
static void a_squared_hinge_stops(void **state) {
  (void)state;
  static const biascope_optimizer rules[] = {BIASCOPE_NGD,       BIASCOPE_SIGNGD, BIASCOPE_ADAM,   BIASCOPE_RMSPROP,
                                             BIASCOPE_ADAMPROXY, BIASCOPE_GD,     BIASCOPE_ADAGRAD};
  for (size_t index = 0; index < 7 * 6; index++) {
    problem p = problem_of(index / 7);
    biascope_options options = bs_options_of(rules[index % 7]);
    options.loss = BIASCOPE_SQUARED_HINGE;
    options.batch_size = options.optimizer == BIASCOPE_ADAMPROXY ? 0 : index / 7 % 3;
    options.beta2 = 0.95;
    biascope_trainer *trainer = trainer_of(p.data, &options);
    advance(trainer, 50000);
    const double *w = biascope_trainer_weights(trainer);
    double before[FEATURES];
    memcpy(before, w, sizeof before);
    assert_false(biascope_trainer_staleness(trainer).momentum_stale);
    advance(trainer, 1000);
    if (options.optimizer == BIASCOPE_GD || options.optimizer == BIASCOPE_ADAGRAD) {
      assert_true(least_margin(&p, w) > 1.0 - 1e-3 && biascope_trainer_log_loss(trainer) < -14.0);
    } else {
      assert_true(least_margin(&p, w) >= 1.0 && biascope_trainer_log_loss(trainer) == -INFINITY);
      assert_memory_equal(before, w, sizeof before);
    }
    biascope_trainer_free(trainer);
    problem_free(&p);
  }
}

static biascope_status predict(const problem *p, const biascope_options *options, biascope_prediction *out) {
  biascope_error error;
  return biascope_predict(p->data, options, NULL, out, &error);
}

/* Limits are told where the theory has them, and refused elsewhere. */
static void limits_are_predicted_where_the_tail_allows(void **state) {
  (void)state;
  problem p = problem_of(1);
  biascope_prediction limit, probit;
  biascope_options options = bs_options_of(BIASCOPE_ADAM);
  options.batch_size = 1;
  options.lr_decay = 0.6;
  options.beta2 = 0.95;
  assert_int_equal(predict(&p, &options, &limit), BIASCOPE_OK);
  options.loss = BIASCOPE_PROBIT;
  assert_int_equal(predict(&p, &options, &probit), BIASCOPE_OK);
  assert_true(angle(limit.direction, probit.direction) < 1e-6);
  biascope_prediction_free(&probit);
  biascope_trainer *trainer = trainer_of(p.data, &options);
  advance(trainer, 2000000);
  const double away = angle(limit.direction, biascope_trainer_weights(trainer));
  if (!(away < 0.02)) fail_msg("the run ended %g from its limit", away);
  biascope_trainer_free(trainer);
  options.lr_decay = 0.5;
  assert_int_equal(predict(&p, &options, &probit), BIASCOPE_USAGE);
  options.loss = BIASCOPE_POLYNOMIAL;
  assert_int_equal(predict(&p, &options, &probit), BIASCOPE_USAGE);
  options.loss = BIASCOPE_SQUARED_HINGE;
  assert_int_equal(predict(&p, &options, &probit), BIASCOPE_USAGE);
  biascope_prediction_free(&limit);
  problem_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_polynomial_tail_has_a_limit_of_its_own),
      cmocka_unit_test(a_gaussian_tail_equalises_margins_faster_by_one_power),
      cmocka_unit_test(a_squared_hinge_stops),
      cmocka_unit_test(limits_are_predicted_where_the_tail_allows),
  };
  return cmocka_run_group_tests_name("tails of losses", tests, NULL, NULL);
}
