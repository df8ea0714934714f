/* What a predicted limit does not depend on, and what it turns with: the order and the signs of features, rotations,
 * the order and the repetition of samples, the scale of the data; and what it is where that can be said in a line. */
#include "seeds.h"
#include "training_cases.h"
#include <string.h>

/* A kind of limit each. */
typedef struct {
  const char *name;
  biascope_optimizer optimizer;
  size_t batch_size;
  biascope_order order;
  double beta1, beta2, eps, lr_decay;
} regime;

static const regime REGIMES[] = {
    {"gd", BIASCOPE_GD, 0, BIASCOPE_CYCLIC, 0.0, 0.0, 0.0, 0.5},
    {"ngd", BIASCOPE_NGD, 0, BIASCOPE_CYCLIC, 0.9, 0.0, 0.0, 0.5},
    {"ngd, batches of 2", BIASCOPE_NGD, 2, BIASCOPE_CYCLIC, 0.5, 0.0, 0.0, 0.5},
    {"signgd", BIASCOPE_SIGNGD, 0, BIASCOPE_CYCLIC, 0.0, 0.0, 0.0, 0.5},
    {"signgd, a sample a step", BIASCOPE_SIGNGD, 1, BIASCOPE_CYCLIC, 0.0, 0.0, 0.0, 0.5},
    {"signum", BIASCOPE_SIGNUM, 0, BIASCOPE_CYCLIC, 0.9, 0.0, 0.0, 0.5},
    {"signum, batches of 2", BIASCOPE_SIGNUM, 2, BIASCOPE_CYCLIC, 0.9, 0.0, 0.0, 0.5},
    {"adam", BIASCOPE_ADAM, 0, BIASCOPE_CYCLIC, 0.9, 0.95, 0.0, 0.5},
    {"adam, constant steps", BIASCOPE_ADAM, 0, BIASCOPE_CYCLIC, 0.5, 0.9, 0.0, 0.0},
    {"adam, a sample a step", BIASCOPE_ADAM, 1, BIASCOPE_CYCLIC, 0.9, 0.95, 0.0, 0.5},
    {"adam, batches of 2", BIASCOPE_ADAM, 2, BIASCOPE_CYCLIC, 0.9, 0.95, 0.0, 0.5},
    {"adam, batches of 2, constant steps", BIASCOPE_ADAM, 2, BIASCOPE_CYCLIC, 0.5, 0.9, 0.0, 0.0},
    {"adam, batches of 2, eps", BIASCOPE_ADAM, 2, BIASCOPE_CYCLIC, 0.9, 0.95, 1e-8, 0.5},
    {"rmsprop, a sample a step", BIASCOPE_RMSPROP, 1, BIASCOPE_CYCLIC, 0.0, 0.9, 0.0, 0.5},
    {"adagrad, batches of 2", BIASCOPE_ADAGRAD, 2, BIASCOPE_CYCLIC, 0.0, 0.0, 0.0, 0.5},
    {"adamproxy", BIASCOPE_ADAMPROXY, 0, BIASCOPE_CYCLIC, 0.0, 0.0, 0.0, 0.5},
    {"adam, batches of 2, shuffled", BIASCOPE_ADAM, 2, BIASCOPE_SHUFFLE, 0.9, 0.95, 0.0, 0.5},
    {"adam, a sample a step, with replacement", BIASCOPE_ADAM, 1, BIASCOPE_REPLACEMENT, 0.9, 0.95, 0.0, 0.5},
};
enum { REGIME_COUNT = sizeof REGIMES / sizeof *REGIMES };

static size_t case_count(void) {
  return REGIME_COUNT * seeds(2, 1);
}

typedef struct {
  const regime *regime;
  size_t samples, features;
  double *values;
  biascope_options training;
} problem;

static problem problem_of(const regime *r, size_t samples, size_t features, uint64_t seed) {
  problem p = {.regime = r, .samples = samples, .features = features};
  p.values = gaussian_values(samples, features, 0.3, seed);
  p.training = bs_options_of(r->optimizer);
  p.training.batch_size = r->batch_size < samples ? r->batch_size : samples;
  p.training.order = r->order;
  p.training.beta1 = r->beta1;
  p.training.beta2 = r->beta2;
  p.training.eps = r->eps;
  p.training.lr_decay = r->lr_decay;
  p.training.lr = 0.01;
  return p;
}

/* No more samples than features, or more; an even number, for batches of 2. */
static problem case_number(size_t index) {
  const uint64_t seed = index / REGIME_COUNT;
  return problem_of(&REGIMES[index % REGIME_COUNT], seed % 2 ? 10 : 6, seed % 2 ? 5 : 11, seed);
}

/* The problem's values are `source`'s rows in another order, or again: row i is source's row from[i]. */
static void take_rows(problem *p, const problem *source, size_t samples, const size_t *from) {
  const size_t row = source->features * sizeof *p->values;
  p->samples = samples;
  p->values = malloc(samples * row);
  assert_non_null(p->values);
  for (size_t i = 0; i < samples; i++)
    memcpy(p->values + i * source->features, source->values + from[i] * source->features, row);
}

/* Certified, but where training does not separate the data: a sample a step without memory moves the same way whatever
 * the weights. That has no direction to compare. */
static biascope_prediction predicted(const problem *p) {
  biascope_dataset *data = dense(p->samples, p->features, p->values);
  biascope_prediction prediction;
  biascope_error error = {0};
  const biascope_predict_options options = {.sample_length = 2048}; /* short; the standard error knows */
  const biascope_status status = biascope_predict(data, &p->training, &options, &prediction, &error);
  if (status == BIASCOPE_NOT_CONVERGED && strstr(error.message, "does not separate"))
    biascope_prediction_free(&prediction);
  else if (status != BIASCOPE_OK)
    fail_msg("%s: %s", p->regime->name, error.message);
  else
    assert_true(prediction.gap <= 1e-10);
  biascope_dataset_free(data);
  return prediction;
}

static bool same_number(double a, double b, double tolerance) {
  return (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance * fabs(a);
}

/* Directions within `tolerance`, rates and the step at which eps takes over too; 0: the same bits. Frees both. */
static void assert_same(const problem *p, biascope_prediction *a, biascope_prediction *b, double tolerance) {
  if (!a->direction || !b->direction) {
    assert_true(!a->direction && !b->direction);
    return;
  }
  double chord = 0.0;
  for (size_t k = 0; k < p->features; k++) chord = hypot(chord, a->direction[k] - b->direction[k]);
  if (!(chord <= tolerance)) fail_msg("%s: directions differ by %g, not %g", p->regime->name, chord, tolerance);
  if (!same_number(a->rate, b->rate, 10.0 * tolerance) || /* and a whole number of steps is rounded */
      !(same_number(a->handover_step, b->handover_step, 0.0) ||
        fabs(a->handover_step - b->handover_step) <= (tolerance > 0.0 ? 1.0 : 0.0)))
    fail_msg("%s: rates %.17g and %.17g, handed over at steps %.17g and %.17g", p->regime->name, a->rate, b->rate,
             a->handover_step, b->handover_step);
  assert_string_equal(a->method, b->method);
  assert_int_equal(a->unique, b->unique);
  biascope_prediction_free(a);
  biascope_prediction_free(b);
}

/* Sums in another order. */
static const double ROUNDING = 1e-9;

/* ---- Features ---------------------------------------------------------------------------------------- */

static void a_features_place_is_its_coordinates(void **state) {
  (void)state;
  for (size_t index = 0; index < case_count(); index++) {
    problem p = case_number(index), turned = p;
    const size_t d = p.features;
    biascope_prediction before = predicted(&p);
    turned.values = malloc(p.samples * d * sizeof *p.values);
    assert_non_null(turned.values);
    for (size_t n = 0; n < p.samples * d; n++) turned.values[n / d * d + (n % d * 3 + 1) % d] = p.values[n];
    biascope_prediction after = predicted(&turned);
    for (size_t k = 0; after.direction && k < d; k++) p.values[k] = after.direction[(k * 3 + 1) % d];
    if (after.direction) memcpy(after.direction, p.values, d * sizeof *p.values);
    assert_same(&p, &before, &after, ROUNDING);
    free(turned.values);
    free(p.values);
  }
}

static void a_features_sign_is_its_coordinates(void **state) {
  (void)state;
  for (size_t index = 0; index < case_count(); index++) {
    problem p = case_number(index);
    const size_t d = p.features;
    biascope_prediction before = predicted(&p);
    for (size_t n = 0; n < p.samples * d; n++) p.values[n] *= n % d % 3 == 1 ? -1.0 : 1.0;
    biascope_prediction after = predicted(&p);
    for (size_t k = 1; after.direction && k < d; k += 3) after.direction[k] = -after.direction[k];
    assert_same(&p, &before, &after, ROUNDING);
    free(p.values);
  }
}

/* Gradient descent, normalised or not, knows no coordinates. */
static void gradient_descent_turns_with_the_data(void **state) {
  (void)state;
  for (size_t index = 0; index < case_count(); index++) {
    problem p = case_number(index);
    if (p.regime->optimizer == BIASCOPE_GD || p.regime->optimizer == BIASCOPE_NGD) {
      biascope_prediction before = predicted(&p);
      rotate(p.samples, p.features, p.values, 100 + index);
      rotate(1, p.features, before.direction, 100 + index);
      biascope_prediction after = predicted(&p);
      assert_same(&p, &before, &after, ROUNDING);
    }
    free(p.values);
  }
}

/* x -> s x is eta -> eta / s, eps -> s eps, and a rate s times as large; to the bit. */
static void a_change_of_scale_changes_the_rate_alone(void **state) {
  (void)state;
  static const int exponents[] = {-980, 980, 3};
  for (size_t index = 0; index < 3 * case_count(); index++) {
    problem p = case_number(index / 3);
    const int exponent = exponents[index % 3];
    biascope_prediction before = predicted(&p);
    for (size_t n = 0; n < p.samples * p.features; n++) p.values[n] = ldexp(p.values[n], exponent);
    p.training.lr = ldexp(p.training.lr, -exponent);
    p.training.eps = ldexp(p.training.eps, exponent);
    biascope_prediction after = predicted(&p);
    after.rate = ldexp(after.rate, -exponent);
    assert_same(&p, &before, &after, 0.0);
    free(p.values);
  }
}

/* ---- Samples ----------------------------------------------------------------------------------------- */

/* Over the full batch samples have no order; in cyclic batches they have none within a batch, and a cycle has no start.
 * In random orders their names do not count: what is left is the chance of the sampled sequence. */
static void the_order_of_samples_counts_between_batches_alone(void **state) {
  (void)state;
  for (size_t index = 0; index < case_count(); index++) {
    problem p = case_number(index), other = p;
    const size_t n = p.samples, b = p.training.batch_size;
    const bool random = p.regime->order != BIASCOPE_CYCLIC;
    size_t from[16];
    for (size_t i = 0; i < n; i++) from[i] = b == 2 && !random ? ((i ^ 1) + 4) % n : b == 1 ? (i + 1) % n : n - 1 - i;
    take_rows(&other, &p, n, from);
    biascope_prediction before = predicted(&p), after = predicted(&other);
    for (size_t i = 0; before.dual && !random && i < n; i++)
      assert_true(fabs(before.dual[from[i]] - after.dual[i]) <= ROUNDING);
    if (random) before.rate = after.rate = NAN; /* whose error is not known */
    assert_same(&p, &before, &after, random ? 5.0 * hypot(before.standard_error, after.standard_error) : ROUNDING);
    free(other.values);
    free(p.values);
  }
}

static void repeated_samples_in_the_same_batch_change_nothing(void **state) {
  (void)state;
  for (size_t index = 0; index < case_count(); index++) {
    problem p = case_number(index), twice = p;
    const size_t n = p.samples;
    if (p.regime->order == BIASCOPE_CYCLIC && p.regime->optimizer != BIASCOPE_ADAMPROXY) {
      size_t from[32];
      for (size_t i = 0; i < 2 * n; i++) from[i] = i / 2;
      take_rows(&twice, &p, 2 * n, from);
      twice.training.batch_size *= 2;
      biascope_prediction before = predicted(&p), after = predicted(&twice);
      for (size_t i = 0; before.dual && i < n; i++)
        assert_true(fabs(before.dual[i] - after.dual[2 * i] - after.dual[2 * i + 1]) <= ROUNDING);
      assert_same(&p, &before, &after, ROUNDING);
      free(twice.values);
    }
    free(p.values);
  }
}

/* Drawn with replacement, a sample that is there twice is one of twice the chance; all of them, no news. */
static void repeated_samples_do_not_change_independent_draws(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < seeds(2, 1); seed++) {
    problem p = problem_of(&REGIMES[REGIME_COUNT - 1], 7, 12, seed), twice = p; /* 7: else the same draws */
    size_t from[14];
    for (size_t i = 0; i < 14; i++) from[i] = i % 7;
    take_rows(&twice, &p, 14, from);
    twice.training.seed = 1;
    biascope_prediction before = predicted(&p), after = predicted(&twice);
    before.rate = after.rate = NAN;
    assert_same(&p, &before, &after, 5.0 * hypot(before.standard_error, after.standard_error));
    free(twice.values);
    free(p.values);
  }
}

/* ---- The least data ---------------------------------------------------------------------------------- */

static bool goes_by_euclidean_length(const regime *r) {
  return r->optimizer == BIASCOPE_GD || r->optimizer == BIASCOPE_NGD || r->eps > 0.0;
}

/* One sample: along x where the update is the gradient over a number, along sign(x) where every coordinate is divided
 * by its own size; the margin then grows by ||x||_2 or ||x||_1. */
static void one_sample_is_followed(void **state) {
  (void)state;
  for (size_t index = 0; index < case_count(); index++) {
    problem p = problem_of(&REGIMES[index % REGIME_COUNT], 1, 1 + index % 7, index);
    const bool euclidean = goes_by_euclidean_length(p.regime), sized = p.regime->optimizer == BIASCOPE_NGD;
    biascope_prediction found = predicted(&p);
    double length = 0.0, sum = 0.0;
    for (size_t k = 0; k < p.features; k++) {
      length = hypot(length, p.values[k]);
      sum += fabs(p.values[k]);
    }
    for (size_t k = 0; k < p.features; k++) {
      const double expected = euclidean ? p.values[k] / length : copysign(1.0 / sqrt((double)p.features), p.values[k]);
      assert_true(fabs(found.direction[k] - expected) <= ROUNDING);
    }
    assert_true(found.support == 1 && found.dual[0] == 1.0);
    if (p.regime->lr_decay > 0.0 && p.regime->optimizer != BIASCOPE_ADAGRAD)
      assert_true(same_number(euclidean && !sized ? NAN : sized ? length : sum, found.rate, ROUNDING));
    biascope_prediction_free(&found);
    free(p.values);
  }
}

/* One feature: the direction is its sign. The sample of the least |x| decides; under sign-like updates its margin grows
 * by |x| a step, or, where the other batches' gradients vanish beside its own, by what averages leave of one pulse. */
static void one_feature_leaves_its_sign(void **state) {
  (void)state;
  for (size_t index = 0; index < case_count(); index++) {
    problem p = problem_of(&REGIMES[index % REGIME_COUNT], 6, 1, index);
    const biascope_options *o = &p.training;
    biascope_prediction found = predicted(&p);
    assert_true(fabs(found.direction[0] - copysign(1.0, p.values[0])) <= ROUNDING);
    double least = INFINITY, pulse = 0.0;
    for (size_t i = 0; i < p.samples; i++) least = fmin(least, fabs(p.values[i]));
    const size_t batches = o->batch_size ? p.samples / o->batch_size : 1;
    for (size_t t = 0; t < batches; t++)
      pulse += (1.0 - o->beta1) * pow(o->beta1, (double)t) / (1.0 - pow(o->beta1, (double)batches)) /
               sqrt((1.0 - o->beta2) * pow(o->beta2, (double)t) / (1.0 - pow(o->beta2, (double)batches)));
    const bool averaged = o->optimizer == BIASCOPE_ADAM || o->optimizer == BIASCOPE_RMSPROP;
    const bool special = o->optimizer == BIASCOPE_GD || o->optimizer == BIASCOPE_ADAGRAD || o->eps > 0.0;
    if (!special && o->lr_decay > 0.0 && o->order == BIASCOPE_CYCLIC) {
      const double expected = averaged && batches > 1 ? least * pulse / (double)batches : least;
      if (!same_number(expected, found.rate, ROUNDING))
        fail_msg("%s: rate %.17g, not %.17g", p.regime->name, found.rate, expected);
    }
    biascope_prediction_free(&found);
    free(p.values);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_features_place_is_its_coordinates),
      cmocka_unit_test(a_features_sign_is_its_coordinates),
      cmocka_unit_test(gradient_descent_turns_with_the_data),
      cmocka_unit_test(a_change_of_scale_changes_the_rate_alone),
      cmocka_unit_test(the_order_of_samples_counts_between_batches_alone),
      cmocka_unit_test(repeated_samples_in_the_same_batch_change_nothing),
      cmocka_unit_test(repeated_samples_do_not_change_independent_draws),
      cmocka_unit_test(one_sample_is_followed),
      cmocka_unit_test(one_feature_leaves_its_sign),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
