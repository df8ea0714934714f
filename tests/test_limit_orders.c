/* Random orders: the mean sign of a momentum, as a normal distribution gives it and over sampled sequences, beside a
 * plain simulation of batches drawn at random. */
#include "training_cases.h"

#include "base/rng.h"
#include "limit/exact_map.h"
#include "limit/long_sequences.h"
#include "limit/normal_signs.h"
#include "limit/sampled_signs.h"
#include <math.h>
#include <string.h>

enum { SAMPLES = 24, FEATURES = 5, SEEDS = 3, SEQUENCES = 16 };

typedef struct {
  biascope_order order;
  size_t batch_size;
  double beta1, lead;
} regime;

/* Epochs that the momentum remembers for long, where parts of sequences are paired; a batch smaller than the others;
 * epochs longer than it; draws with replacement; and one in which the gradient leads. */
static const regime REGIMES[] = {{BIASCOPE_SHUFFLE, 12, 0.97, 0.0},
                                 {BIASCOPE_SHUFFLE, 7, 0.98, 0.0},
                                 {BIASCOPE_SHUFFLE, 2, 0.9, 0.0},
                                 {BIASCOPE_REPLACEMENT, 4, 0.97, 0.0},
                                 {BIASCOPE_SHUFFLE, 8, 0.98, 0.05}};
enum { REGIME_COUNT = sizeof REGIMES / sizeof *REGIMES };

typedef struct {
  const regime *of;
  biascope_dataset *data;
  double *values, log_weights[SAMPLES];
  biascope_options training;
  bs_epoch_rule rule;
  bs_schedule *schedules; /* SEQUENCES */
  bs_epoch_map *map;
} problem;

static problem problem_of(const regime *of, uint64_t seed) {
  biascope_error error;
  problem p = {.of = of, .values = gaussian_values(SAMPLES, FEATURES, 0.3, seed)};
  p.data = dense(SAMPLES, FEATURES, p.values);
  for (size_t i = 0; i < SAMPLES; i++) p.log_weights[i] = bs_random_normal(seed, BS_STREAM_LABELS, i);
  p.training = bs_options_of(BIASCOPE_SIGNUM);
  p.training.order = of->order;
  p.training.batch_size = of->batch_size;
  p.training.seed = seed;
  p.rule = (bs_epoch_rule){.direction = BS_SIGN, .beta1 = of->beta1, .lead = of->lead, .smoothing = 1e-3};
  p.schedules = calloc(SEQUENCES, sizeof *p.schedules);
  assert_non_null(p.schedules);
  for (size_t r = 0; r < SEQUENCES; r++)
    assert_int_equal(bs_schedule_create(&p.training, p.data, 4000, r, &p.schedules[r], &error), BIASCOPE_OK);
  assert_int_equal(bs_epoch_map_create(p.data, p.schedules, SEQUENCES, BS_SIGN, &p.map, &error), BIASCOPE_OK);
  return p;
}

static void problem_free(problem *p) {
  bs_epoch_map_free(p->map);
  for (size_t r = 0; r < SEQUENCES; r++) bs_schedule_free(&p->schedules[r]);
  free(p->schedules);
  biascope_dataset_free(p->data);
  free(p->values);
}

/* The mean sign of each coordinate's momentum over a long training-like run with fixed weights of the samples. */
static void simulate(const problem *p, double *signs) {
  enum { STEPS = 400000, FORGOTTEN = 2000 };
  const regime *of = p->of;
  double m[FEATURES] = {0.0};
  uint32_t order[SAMPLES];
  uint64_t drawn = 0;
  size_t at = SAMPLES;
  memset(signs, 0, FEATURES * sizeof *signs);
  for (size_t t = 0; t < STEPS; t++) {
    double gradient[FEATURES] = {0.0};
    size_t batch = of->batch_size;
    if (of->order == BIASCOPE_SHUFFLE && at == SAMPLES) {
      bs_random_permutation(99, BS_STREAM_ORDER, drawn, SAMPLES, order);
      drawn += SAMPLES;
      at = 0;
    }
    if (of->order == BIASCOPE_SHUFFLE && SAMPLES - at < batch) batch = SAMPLES - at;
    for (size_t n = 0; n < batch; n++) {
      const size_t i =
          of->order == BIASCOPE_SHUFFLE ? order[at++] : bs_random_below(99, BS_STREAM_ORDER, drawn++, SAMPLES);
      for (size_t k = 0; k < FEATURES; k++)
        gradient[k] += exp(p->log_weights[i]) * p->values[i * FEATURES + k] / (double)batch;
    }
    for (size_t k = 0; k < FEATURES; k++) {
      const double before = m[k];
      m[k] += (1.0 - of->beta1) * (gradient[k] - m[k]);
      const double step = m[k] + of->lead * (gradient[k] - before);
      if (t >= FORGOTTEN) signs[k] += (step > 0.0 ? 1.0 : -1.0) / (STEPS - FORGOTTEN);
    }
  }
}

static void signs_of_a_normal_momentum_are_about_those_simulated(void **state) {
  (void)state;
  for (size_t n = 0; n < REGIME_COUNT * SEEDS; n++) {
    problem p = problem_of(&REGIMES[n % REGIME_COUNT], n);
    biascope_error error;
    bs_normal_signs *signs;
    double normal[FEATURES], simulated[FEATURES];
    const double near =
        p.of->beta1 > 0.95 ? 0.04 : 0.12; /* batches of two, remembered for ten steps, are less normal */
    assert_true(bs_normal_signs_apply(p.data, &p.training, &p.rule));
    assert_int_equal(bs_normal_signs_create(p.map, &p.training, &p.rule, &signs, &error), BIASCOPE_OK);
    bs_normal_signs_evaluate(signs, p.log_weights, normal, NULL);
    simulate(&p, simulated);
    for (size_t k = 0; k < FEATURES; k++)
      if (!(fabs(normal[k] - simulated[k]) <= near))
        fail_msg("regime %zu, seed %zu: %g by the normal distribution, %g simulated", n % REGIME_COUNT, n, normal[k],
                 simulated[k]);
    bs_normal_signs_free(signs);
    problem_free(&p);
  }
}

static void slopes_of_normal_signs_are_differences(void **state) {
  (void)state;
  const double h = 1e-6;
  for (size_t n = 0; n < REGIME_COUNT * SEEDS; n++) {
    problem p = problem_of(&REGIMES[n % REGIME_COUNT], n);
    biascope_error error;
    bs_normal_signs *signs;
    double direction[FEATURES], above[FEATURES], below[FEATURES], slopes[SAMPLES * FEATURES];
    assert_int_equal(bs_normal_signs_create(p.map, &p.training, &p.rule, &signs, &error), BIASCOPE_OK);
    if (n % 2) /* a common factor changes nothing */
      for (size_t i = 0; i < SAMPLES; i++) p.log_weights[i] -= 400.0;
    bs_normal_signs_evaluate(signs, p.log_weights, direction, slopes);
    for (size_t i = 0; i < SAMPLES; i++) {
      const double own = p.log_weights[i];
      p.log_weights[i] = own + h;
      bs_normal_signs_evaluate(signs, p.log_weights, above, NULL);
      p.log_weights[i] = own - h;
      bs_normal_signs_evaluate(signs, p.log_weights, below, NULL);
      p.log_weights[i] = own;
      for (size_t k = 0; k < FEATURES; k++)
        assert_true(fabs((above[k] - below[k]) / (2.0 * h) - slopes[i * FEATURES + k]) <= 1e-7);
    }
    bs_normal_signs_free(signs);
    problem_free(&p);
  }
}

/* The mean over the replicates and its standard error, coordinate by coordinate; returns how many they are. */
static size_t sample(const problem *p, double *mean, double *deviation) {
  biascope_error error;
  bs_sampled_signs *signs;
  assert_int_equal(bs_sampled_signs_create(p->map, &p->training, &p->rule, &signs, &error), BIASCOPE_OK);
  const size_t count = bs_sampled_signs_count(signs);
  double squares[FEATURES] = {0.0};
  memset(mean, 0, FEATURES * sizeof *mean);
  for (size_t r = 0; r < count; r++) {
    double one[FEATURES] = {0.0};
    assert_true(bs_sampled_signs_add(signs, &p->rule, r, p->log_weights, one) > 0.0);
    for (size_t k = 0; k < FEATURES; k++) {
      mean[k] += one[k] / (double)count;
      squares[k] += one[k] * one[k] / (double)count;
    }
  }
  for (size_t k = 0; k < FEATURES; k++)
    deviation[k] = sqrt(fmax(0.0, squares[k] - mean[k] * mean[k]) / (double)(count - 1));
  bs_sampled_signs_free(signs);
  return count;
}

static void sampled_signs_are_those_simulated(void **state) {
  (void)state;
  for (size_t n = 0; n < REGIME_COUNT * SEEDS; n++) {
    problem p = problem_of(&REGIMES[n % REGIME_COUNT], n);
    double mean[FEATURES], deviation[FEATURES], simulated[FEATURES];
    sample(&p, mean, deviation);
    simulate(&p, simulated);
    for (size_t k = 0; k < FEATURES; k++) {
      const double chance = 3.0 * sqrt(2.0 / (1.0 - p.of->beta1) / 400000.0); /* of the simulation */
      if (!(fabs(mean[k] - simulated[k]) <= chance + 4.0 * deviation[k]))
        fail_msg("regime %zu, seed %zu: %g sampled (standard error %g), %g simulated", n % REGIME_COUNT, n, mean[k],
                 deviation[k], simulated[k]);
    }
    problem_free(&p);
  }
}

/* Two halves of long epochs that are paired vary much less than the sequences that they are of. */
static void pairs_vary_less_than_sequences(void **state) {
  (void)state;
  double paired = 0.0, alone = 0.0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    problem p = problem_of(&REGIMES[0], seed);
    double mean[FEATURES], deviation[FEATURES], one[FEATURES], squares[FEATURES] = {0.0}, sum[FEATURES] = {0.0};
    assert_int_equal(sample(&p, mean, deviation), SEQUENCES / 2);
    for (size_t r = 0; r < SEQUENCES; r++) {
      bs_epoch_map_evaluate_one(p.map, r, &p.rule, p.log_weights, one);
      for (size_t k = 0; k < FEATURES; k++) {
        sum[k] += one[k] / SEQUENCES;
        squares[k] += one[k] * one[k] / SEQUENCES;
      }
    }
    for (size_t k = 0; k < FEATURES; k++) {
      paired += deviation[k] * deviation[k];
      alone += (squares[k] - sum[k] * sum[k]) / (SEQUENCES - 1);
    }
    problem_free(&p);
  }
  assert_true(paired < 0.25 * alone);
}

/* Where single samples decide a momentum: at the weights that are found, a simulation moves as predicted, to within
 * their chance, and no margin grows more slowly than those of the support. */
static void long_sequences_lead_where_a_simulation_goes(void **state) {
  static const regime SINGLE = {BIASCOPE_SHUFFLE, 1, 0.9, 0.0};
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    problem p = problem_of(&SINGLE, seed);
    biascope_error error;
    double direction[FEATURES], dual[SAMPLES], simulated[FEATURES], squares = 0.0, product = 0.0;
    biascope_prediction found = {.direction = direction, .dual = dual, .outputs = 1, .samples = SAMPLES};
    found.rows = SAMPLES;
    found.features = FEATURES;
    const bs_question asked = {.data = p.data, .training = p.training, .options = bs_predict_options_of(NULL)};
    assert_true(bs_long_sequences_apply(&asked, &p.rule));
    assert_int_equal(bs_predict_by_long_sequences(&asked, &p.rule, &found, &error), BIASCOPE_OK);
    assert_true(found.gap <= 1e-10 && found.rate > 0.0);
    for (size_t i = 0; i < SAMPLES; i++) p.log_weights[i] = dual[i] > 0.0 ? log(dual[i]) : -1000.0;
    simulate(&p, simulated);
    for (size_t k = 0; k < FEATURES; k++) {
      squares += simulated[k] * simulated[k];
      product += simulated[k] * direction[k];
    }
    const double chance = sqrt(FEATURES * 20.0 / 400000.0 / squares); /* of the simulation, in radians */
    const double angle = acos(fmin(1.0, product / sqrt(squares)));
    if (!(angle <= 3.0 * (chance + found.standard_error)))
      fail_msg("seed %d: %g radians from a simulation (chance %g, standard error %g)", (int)seed, angle, chance,
               found.standard_error);
    problem_free(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signs_of_a_normal_momentum_are_about_those_simulated),
      cmocka_unit_test(slopes_of_normal_signs_are_differences), cmocka_unit_test(sampled_signs_are_those_simulated),
      cmocka_unit_test(pairs_vary_less_than_sequences), cmocka_unit_test(long_sequences_lead_where_a_simulation_goes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
