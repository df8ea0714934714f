/* What the max-margin solver guarantees on random and degenerate data, in every norm. */
#include "margin_cases.h"
#include <float.h>
#include <string.h>

enum { INSTANCES = 1000 };

static void every_random_instance_is_certified(void **state) {
  (void)state;
  static const size_t shapes[][2] = {{10, 50}, {40, 10}, {25, 25}};
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    for (uint64_t seed = 0; seed < INSTANCES; seed++) {
      const size_t *shape = shapes[seed % 3];
      biascope_dataset *data = gaussian(shape[0], shape[1], 0.1, seed);
      biascope_margin solution = solved(data, norm_number(i, metric));
      assert_true(solution.unique);
      biascope_margin_free(&solution);
      biascope_dataset_free(data);
    }
  }
}

/* ||X'c||_dual <= ||X'c'||_dual for every other c' and margin(w) >= margin(w'): the pair is optimal from both sides,
 * here checked without the library's own bound. */
static void no_random_direction_has_a_larger_margin(void **state) {
  (void)state;
  double metric[MAX_FEATURES], w[10];
  for (int i = 0; i < NORM_COUNT; i++) {
    biascope_dataset *data = gaussian(30, 10, 0.2, 5);
    const biascope_norm norm = norm_number(i, metric);
    biascope_margin solution = solved(data, norm);
    for (uint64_t trial = 0; trial < 500; trial++) {
      for (size_t k = 0; k < 10; k++)
        w[k] = solution.direction[k] + 0.01 * bs_random_normal(trial, BS_STREAM_NOISE, k) * solution.direction[0];
      assert_true(biascope_margin_of(data, norm, w) <= solution.upper_bound * (1.0 + 1e-15));
    }
    biascope_margin_free(&solution);
    biascope_dataset_free(data);
  }
}

/* Scaling the data by a power of two scales the margin and nothing else, bit for bit. */
static void scale_does_not_matter(void **state) {
  (void)state;
  static const int exponents[] = {-980, -500, 500, 980}; /* 1e-295 to 1e295 */
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    for (size_t e = 0; e < sizeof exponents / sizeof *exponents; e++) {
      const double scale = ldexp(1.0, exponents[e]);
      double *values = gaussian_values(12, 8, 0.1, 3);
      biascope_dataset *data = dense(12, 8, values);
      for (size_t k = 0; k < 96; k++) values[k] *= scale;
      biascope_dataset *scaled = dense(12, 8, values);
      biascope_margin one = solved(data, norm_number(i, metric)), other = solved(scaled, norm_number(i, metric));
      assert_true(other.margin == one.margin * scale && other.upper_bound == one.upper_bound * scale);
      assert_memory_equal(one.dual, other.dual, 12 * sizeof(double));
      assert_memory_equal(one.direction, other.direction, 8 * sizeof(double));
      biascope_margin_free(&one);
      biascope_margin_free(&other);
      biascope_dataset_free(data);
      biascope_dataset_free(scaled);
      free(values);
    }
  }
}

/* Both certify the same margin: each bound is beyond the other's margin. Where it is unique, so do the directions. */
static void assert_same_optimum(const biascope_margin *a, const biascope_margin *b, const double *expected) {
  assert_true(a->margin <= b->upper_bound * (1.0 + 1e-14) && b->margin <= a->upper_bound * (1.0 + 1e-14));
  assert_int_equal(a->face_dimension, b->face_dimension);
  for (size_t k = 0; a->unique && k < b->features; k++) assert_true(fabs(expected[k] - b->direction[k]) <= 1e-5);
}

/* Names of features and samples do not count; the metric goes with its feature. */
static void the_order_of_features_and_samples_does_not_matter(void **state) {
  (void)state;
  double metric[MAX_FEATURES], moved[MAX_FEATURES], expected[MAX_FEATURES];
  for (uint64_t seed = 0; seed < 20; seed++) {
    const size_t n = seed % 2 ? 20 : 8, d = seed % 2 ? 7 : 15;
    double *values = gaussian_values(n, d, 0.1, seed), *turned = calloc(n * d, sizeof *turned);
    assert_non_null(turned);
    for (size_t at = 0; at < n * d; at++) turned[(at / d * 3 + 2) % n * d + (at % d * 2 + 3) % d] = values[at];
    biascope_dataset *data = dense(n, d, values), *other = dense(n, d, turned);
    for (int i = 0; i < NORM_COUNT; i++) {
      biascope_norm norm = norm_number(i, metric);
      biascope_margin one = solved(data, norm);
      for (size_t k = 0; k < d; k++) {
        moved[(k * 2 + 3) % d] = metric[k];
        expected[(k * 2 + 3) % d] = one.direction[k];
      }
      norm.metric = moved;
      biascope_margin two = solved(other, norm);
      assert_same_optimum(&one, &two, expected);
      biascope_margin_free(&one);
      biascope_margin_free(&two);
    }
    biascope_dataset_free(data);
    biascope_dataset_free(other);
    free(values);
    free(turned);
  }
}

static void a_features_sign_is_its_coordinates(void **state) {
  (void)state;
  double metric[MAX_FEATURES];
  for (uint64_t seed = 0; seed < 20; seed++) {
    const size_t n = seed % 2 ? 20 : 8, d = seed % 2 ? 7 : 15;
    double *values = gaussian_values(n, d, 0.1, seed);
    biascope_dataset *data = dense(n, d, values);
    for (size_t at = 0; at < n * d; at++) values[at] *= at % d % 3 == 1 ? -1.0 : 1.0;
    biascope_dataset *other = dense(n, d, values);
    for (int i = 0; i < NORM_COUNT; i++) {
      biascope_margin one = solved(data, norm_number(i, metric)), two = solved(other, norm_number(i, metric));
      for (size_t k = 1; k < d; k += 3) two.direction[k] = -two.direction[k];
      assert_same_optimum(&one, &two, one.direction);
      biascope_margin_free(&one);
      biascope_margin_free(&two);
    }
    biascope_dataset_free(data);
    biascope_dataset_free(other);
    free(values);
  }
}

static void l2_turns_with_the_data(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    const size_t n = seed % 2 ? 20 : 8, d = seed % 2 ? 7 : 15;
    double *values = gaussian_values(n, d, 0.1, seed);
    biascope_dataset *data = dense(n, d, values);
    rotate(n, d, values, 100 + seed);
    biascope_dataset *other = dense(n, d, values);
    const biascope_norm norm = {.kind = BIASCOPE_L2};
    biascope_margin one = solved(data, norm), two = solved(other, norm);
    rotate(1, d, one.direction, 100 + seed);
    assert_same_optimum(&one, &two, one.direction);
    biascope_margin_free(&one);
    biascope_margin_free(&two);
    biascope_dataset_free(data);
    biascope_dataset_free(other);
    free(values);
  }
}

static void rows_of_very_different_norms_are_solved(void **state) {
  (void)state;
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    double *values = gaussian_values(12, 8, 0.1, 4);
    for (size_t row = 0; row < 12; row++) {
      for (size_t k = 0; k < 8; k++) values[row * 8 + k] *= pow(10.0, (double)row * 2.0 - 12.0);
    }
    biascope_dataset *data = dense(12, 8, values);
    biascope_margin solution = solved(data, norm_number(i, metric));
    biascope_margin_free(&solution);
    biascope_dataset_free(data);
    free(values);
  }
}

/* Repeating samples changes neither the margin nor the direction. */
static void duplicate_samples_change_nothing(void **state) {
  (void)state;
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    double *values = gaussian_values(12, 20, 0.1, 6), *twice = calloc(2 * 240, sizeof *twice);
    assert_non_null(twice);
    memcpy(twice, values, 240 * sizeof *twice);
    memcpy(twice + 240, values, 240 * sizeof *twice);
    biascope_dataset *data = dense(12, 20, values), *doubled = dense(24, 20, twice);
    biascope_margin one = solved(data, norm_number(i, metric)), other = solved(doubled, norm_number(i, metric));
    assert_true(fabs(one.margin - other.margin) <= 1e-10 * one.margin);
    assert_int_equal(one.face_dimension, other.face_dimension);
    for (size_t k = 0; k < 20; k++) assert_true(fabs(one.direction[k] - other.direction[k]) <= 1e-6);
    biascope_margin_free(&one);
    biascope_margin_free(&other);
    biascope_dataset_free(data);
    biascope_dataset_free(doubled);
    free(values);
    free(twice);
  }
}

/* X of rank 3: every sample a combination of three features' patterns. */
static void rank_deficient_data_are_solved(void **state) {
  (void)state;
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    for (uint64_t seed = 0; seed < 20; seed++) {
      double *core = gaussian_values(15, 3, 0.1, seed), *map = gaussian_values(3, 12, 0.0, seed + 100),
             values[15 * 12] = {0};
      for (size_t row = 0; row < 15; row++) {
        for (size_t j = 0; j < 3; j++) {
          for (size_t k = 0; k < 12; k++) values[row * 12 + k] += core[row * 3 + j] * map[j * 12 + k];
        }
      }
      biascope_dataset *data = dense(15, 12, values);
      biascope_margin solution = solved(data, norm_number(i, metric));
      biascope_margin_free(&solution);
      biascope_dataset_free(data);
      free(core);
      free(map);
    }
  }
}

/* Signs only: many samples tie, many solutions are not unique. */
static void ties_are_solved(void **state) {
  (void)state;
  double metric[MAX_FEATURES], values[6 * 8];
  int separable = 0;
  for (int i = 0; i < NORM_COUNT; i++) {
    for (uint64_t seed = 0; seed < 50; seed++) {
      for (size_t k = 0; k < 48; k++) values[k] = bs_random_below(seed, BS_STREAM_DATA, k, 2) ? 1.0 : -1.0;
      const biascope_norm norm = norm_number(i, metric);
      biascope_dataset *data = dense(6, 8, values);
      biascope_margin solution;
      biascope_error error;
      const biascope_status status = biascope_margin_solve(data, norm, NULL, &solution, &error);
      /* An lp solution with zero entries and zero slacks on zero weights is where Newton's method slows down. */
      const bool slow = norm.kind == BIASCOPE_LP && status == BIASCOPE_NOT_CONVERGED && solution.gap <= 1e-7;
      if (status != BIASCOPE_OK && status != BIASCOPE_NOT_SEPARABLE && !slow)
        fail_msg("%s, seed %d: %s", NORM_NAMES[i], (int)seed, error.message);
      separable += status == BIASCOPE_OK;
      biascope_margin_free(&solution);
      biascope_dataset_free(data);
    }
  }
  assert_true(separable > 100);
}

/* One sample: the direction of the dual norm's maximum; the margin is the sample's dual norm. */
static void one_sample_gives_its_dual_norm(void **state) {
  (void)state;
  const double values[] = {3.0, -4.0};
  double metric[MAX_FEATURES];
  biascope_dataset *data = dense(1, 2, values);
  for (int i = 0; i < 5; i++) {
    const double expected[] = {5.0, 7.0, 4.0, cbrt(27.0 + 64.0), pow(pow(3.0, 1.5) + 8.0, 2.0 / 3.0)};
    biascope_margin solution = solved(data, norm_number(i, metric));
    assert_true(fabs(solution.margin - expected[i]) <= 1e-14 * expected[i]);
    assert_true(solution.unique);
    biascope_margin_free(&solution);
  }
  biascope_dataset_free(data);
}

static void one_feature_gives_the_least_entry(void **state) {
  (void)state;
  const double values[] = {-3.0, -0.25, -7.0};
  double metric[MAX_FEATURES];
  biascope_dataset *data = dense(3, 1, values);
  for (int i = 0; i < 5; i++) {
    biascope_margin solution = solved(data, norm_number(i, metric));
    assert_true(fabs(solution.margin - 0.25) <= 1e-16 && fabs(solution.direction[0] + 1.0) <= 1e-15);
    biascope_margin_free(&solution);
  }
  biascope_dataset_free(data);
}

/* Gaussian data moved along their l2 solution until its margin is `margin`: the direction and the support stay. */
static biascope_dataset *barely_separable(double margin, uint64_t seed) {
  double *values = gaussian_values(30, 6, 0.1, seed);
  biascope_dataset *data = dense(30, 6, values);
  biascope_margin solution = solved(data, (biascope_norm){.kind = BIASCOPE_L2});
  for (size_t i = 0; i < 30; i++) {
    for (size_t k = 0; k < 6; k++) values[i * 6 + k] -= (solution.margin - margin) * solution.direction[k];
  }
  biascope_margin_free(&solution);
  biascope_dataset_free(data);
  data = dense(30, 6, values);
  free(values);
  return data;
}

/* Margins of 1e-3 of the data's size cost nothing; at 1e-8 separability is still decided, by a direction that
 * separates. */
static void margins_near_zero_are_decided(void **state) {
  (void)state;
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    for (uint64_t seed = 0; seed < 10; seed++) {
      biascope_dataset *small = barely_separable(1e-3, seed), *tiny = barely_separable(1e-8, seed);
      const biascope_norm norm = norm_number(i, metric);
      biascope_margin solution = solved(small, norm);
      biascope_margin_free(&solution);
      biascope_error error;
      const biascope_status status = biascope_margin_solve(tiny, norm, NULL, &solution, &error);
      assert_true(status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED);
      assert_true(solution.margin > 0.0 && biascope_margin_of(tiny, norm, solution.direction) == solution.margin);
      biascope_margin_free(&solution);
      biascope_dataset_free(small);
      biascope_dataset_free(tiny);
    }
  }
}

/* Sparse storage is another way to the same solution. Half the entries are zero. */
static void sparse_data_give_the_dense_solution(void **state) {
  (void)state;
  static const size_t shapes[][2] = {{10, 24}, {40, 12}, {150, 40}};
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    for (size_t shape = 0; shape < 3; shape++) {
      const size_t n = shapes[shape][0], d = shapes[shape][1];
      double *values = gaussian_values(n, d, 0.5, 9);
      for (size_t k = 0; k < n * d; k++)
        values[k] = k % d > 0 && bs_random_below(9, BS_STREAM_NOISE, k, 2) ? 0.0 : values[k];
      for (size_t row = 0; row < n; row++) values[row * d] = 1.0 + 0.01 * (double)row; /* keeps them separable */
      biascope_dataset *full = dense(n, d, values), *sparse = compressed(n, d, values);
      biascope_margin one = solved(full, norm_number(i, metric)), other = solved(sparse, norm_number(i, metric));
      assert_true(fabs(one.margin - other.margin) <= 1e-10 * one.margin);
      assert_int_equal(one.face_dimension, other.face_dimension);
      biascope_margin_free(&one);
      biascope_margin_free(&other);
      biascope_dataset_free(full);
      biascope_dataset_free(sparse);
      free(values);
    }
  }
}

/* Too large to factor: 4,000 sparse samples of 5,000 features, solved without a Gram matrix. */
static void large_sparse_data_are_certified(void **state) {
  (void)state;
  enum { SAMPLES = 4000, FEATURES = 5000, ENTRIES = 20 };
  size_t *start = calloc(SAMPLES + 1, sizeof *start);
  uint32_t *column = calloc(SAMPLES * ENTRIES, sizeof *column);
  double *value = calloc(SAMPLES * ENTRIES, sizeof *value);
  assert_true(start && column && value);
  for (size_t i = 0; i < SAMPLES; i++) {
    start[i + 1] = start[i] + ENTRIES;
    for (size_t k = 0; k < ENTRIES; k++) { /* one entry in each of 20 stretches of features: ascending, distinct */
      const size_t at = i * ENTRIES + k, width = FEATURES / ENTRIES;
      column[at] = (uint32_t)(k * width + bs_random_below(1, BS_STREAM_DATA, at, width));
      value[at] = k == 0 ? 1.0 : bs_random_normal(1, BS_STREAM_NOISE, at);
    }
  }
  biascope_dataset *data;
  biascope_error error;
  assert_int_equal(biascope_dataset_from_csr(SAMPLES, FEATURES, start, column, value, &data, &error), BIASCOPE_OK);
  biascope_margin solution = solved(data, (biascope_norm){.kind = BIASCOPE_L2});
  assert_true(solution.support > 100);
  biascope_margin_free(&solution);
  biascope_dataset_free(data);
  free(start);
  free(column);
  free(value);
}

/* Beside a huge column the others' parts of X'c would pass for rounding. */
static void a_huge_column_does_not_hide_that_data_are_separable(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    double *values = gaussian_values(30, 8, 0.2, seed);
    for (size_t i = 0; i < 30; i++) values[i * 8] *= 1e200;
    biascope_dataset *data = dense(30, 8, values);
    for (int kind = BIASCOPE_L2; kind <= BIASCOPE_L1; kind++) {
      biascope_margin solution;
      biascope_error error;
      const biascope_norm norm = {.kind = (biascope_norm_kind)kind};
      assert_int_not_equal(biascope_margin_solve(data, norm, NULL, &solution, &error), BIASCOPE_NOT_SEPARABLE);
      biascope_margin_free(&solution);
    }
    biascope_dataset_free(data);
    free(values);
  }
}

static void a_norm_out_of_range_is_a_usage_error(void **state) {
  (void)state;
  const double metric[] = {1.0, 0.0};
  const biascope_norm bad[] = {{.kind = BIASCOPE_LP, .p = 1.0},
                               {.kind = BIASCOPE_LP, .p = NAN},
                               {.kind = BIASCOPE_LP, .p = INFINITY},
                               {.kind = BIASCOPE_MAHALANOBIS},
                               {.kind = BIASCOPE_MAHALANOBIS, .metric = metric}};
  biascope_dataset *data = gaussian(3, 2, 0.1, 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    biascope_margin solution;
    biascope_error error;
    assert_int_equal(biascope_margin_solve(data, bad[i], NULL, &solution, &error), BIASCOPE_USAGE);
    assert_true(strlen(error.message) > 0);
    assert_null(solution.direction);
  }
  biascope_dataset_free(data);
}

static void a_tolerance_out_of_reach_is_reported_with_the_best_pair(void **state) {
  (void)state;
  biascope_dataset *data = gaussian(20, 10, 0.1, 1);
  biascope_margin solution;
  biascope_error error;
  const biascope_solve_options options = {.max_iterations = 2};
  assert_int_equal(
      biascope_margin_solve(data, (biascope_norm){.kind = BIASCOPE_LP, .p = 3.0}, &options, &solution, &error),
      BIASCOPE_NOT_CONVERGED);
  assert_true(solution.gap > 1e-10 && solution.upper_bound > 0.0);
  biascope_margin_free(&solution);
  biascope_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_random_instance_is_certified),
      cmocka_unit_test(no_random_direction_has_a_larger_margin),
      cmocka_unit_test(scale_does_not_matter),
      cmocka_unit_test(the_order_of_features_and_samples_does_not_matter),
      cmocka_unit_test(a_features_sign_is_its_coordinates),
      cmocka_unit_test(l2_turns_with_the_data),
      cmocka_unit_test(rows_of_very_different_norms_are_solved),
      cmocka_unit_test(duplicate_samples_change_nothing),
      cmocka_unit_test(rank_deficient_data_are_solved),
      cmocka_unit_test(ties_are_solved),
      cmocka_unit_test(one_sample_gives_its_dual_norm),
      cmocka_unit_test(one_feature_gives_the_least_entry),
      cmocka_unit_test(margins_near_zero_are_decided),
      cmocka_unit_test(sparse_data_give_the_dense_solution),
      cmocka_unit_test(large_sparse_data_are_certified),
      cmocka_unit_test(a_huge_column_does_not_hide_that_data_are_separable),
      cmocka_unit_test(a_norm_out_of_range_is_a_usage_error),
      cmocka_unit_test(a_tolerance_out_of_reach_is_reported_with_the_best_pair),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
