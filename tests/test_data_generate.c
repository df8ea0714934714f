/* What the generators guarantee, over many seeds. */
#include "data/dataset.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs setjmp, stdarg and stddef first */
#include <cmocka.h>

enum { SEEDS = 50 };

static biascope_dataset *generate(biascope_generator kind, biascope_generate_options options) {
  biascope_dataset *data;
  biascope_error error;
  if (biascope_dataset_generate(kind, &options, &data, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  assert_int_equal(biascope_dataset_samples(data), options.samples);
  assert_int_equal(biascope_dataset_features(data), options.features);
  assert_int_equal(biascope_dataset_is_sparse(data), options.nonzeros > 0);
  return data;
}

/* The l2 margin, with its certificate for a judge: 0 where not separable. */
static double margin_of(const biascope_dataset *data) {
  biascope_margin solution;
  const biascope_status status =
      biascope_margin_solve(data, (biascope_norm){.kind = BIASCOPE_L2}, NULL, &solution, NULL);
  const double margin = status == BIASCOPE_OK ? solution.margin : 0.0;
  biascope_margin_free(&solution);
  return margin;
}

static void gaussian_entries_are_standard_normal(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    biascope_dataset *data = generate(BIASCOPE_GAUSSIAN, (biascope_generate_options){100, 100, .seed = seed});
    double sum = 0.0, squares = 0.0, fourths = 0.0;
    for (size_t i = 0; i < 10000; i++) {
      const double x = data->dense[i];
      sum += x;
      squares += x * x;
      fourths += x * x * x * x;
    }
    /* five standard deviations of the sample moments */
    assert_true(fabs(sum / 1e4) < 5.0 / 100.0);
    assert_true(fabs(squares / 1e4 - 1.0) < 5.0 * sqrt(2.0) / 100.0);
    assert_true(fabs(fourths / 1e4 - 3.0) < 5.0 * sqrt(96.0) / 100.0);
    biascope_dataset_free(data);
  }
}

static void rademacher_rows_are_scaled_signs(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    biascope_dataset *data = generate(BIASCOPE_RADEMACHER, (biascope_generate_options){30, 20, .seed = seed});
    size_t positive = 0;
    for (size_t i = 0; i < 30; i++) {
      assert_true(data->dense[i * 20] > 0.0); /* e_0 separates */
      for (size_t k = 0; k < 20; k++) {
        assert_true(fabs(data->dense[i * 20 + k]) == (double)(i + 1));
        positive += data->dense[i * 20 + k] > 0.0;
      }
    }
    assert_in_range(positive, 30 + 570 / 2 - 60, 30 + 570 / 2 + 60); /* five standard deviations of fair signs */
    assert_true(margin_of(data) >= 1.0 - 1e-9);
    biascope_dataset_free(data);
  }
}

static void shifted_diagonal_is_what_it_says(void **state) {
  (void)state;
  biascope_dataset *data = generate(BIASCOPE_SHIFTED_DIAGONAL, (biascope_generate_options){9, 9, .delta = 0.25});
  for (size_t i = 0; i < 9; i++) {
    for (size_t k = 0; k < 9; k++) assert_true(data->dense[i * 9 + k] == (i == k ? (double)i + 1.0 : 0.25));
  }
  assert_true(margin_of(data) > 0.0);
  biascope_dataset_free(data);
}

static void teacher_data_keeps_its_margin(void **state) {
  (void)state;
  static const size_t SHAPES[][2] = {{1, 1}, {5, 1}, {1, 5}, {60, 10}, {20, 40}};
  static const double MARGINS[] = {0.0, 0.3, 10.0};
  for (size_t shape = 0; shape < sizeof SHAPES / sizeof SHAPES[0]; shape++) {
    for (size_t m = 0; m < sizeof MARGINS / sizeof MARGINS[0]; m++) {
      for (uint64_t seed = 0; seed < SEEDS / 5; seed++) {
        biascope_dataset *data =
            generate(BIASCOPE_TEACHER, (biascope_generate_options){SHAPES[shape][0], SHAPES[shape][1], .seed = seed,
                                                                   .margin = MARGINS[m]});
        assert_true(margin_of(data) >= MARGINS[m] * (1.0 - 1e-9));
        assert_true(margin_of(data) > 0.0);
        biascope_dataset_free(data);
      }
    }
  }
}

/* The sparse data as a dense copy. */
static biascope_dataset *densify(const biascope_dataset *data) {
  double *values = calloc(data->samples * data->features, sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < data->samples; i++) bs_row_axpy(data, i, 1.0, values + i * data->features);
  biascope_dataset *dense;
  assert_int_equal(biascope_dataset_from_dense(data->samples, data->features, values, &dense, NULL), BIASCOPE_OK);
  free(values);
  return dense;
}

static void sparse_teacher_rows_have_their_nonzeros_and_margin(void **state) {
  (void)state;
  for (size_t nonzeros = 1; nonzeros <= 12; nonzeros++) {
    size_t drawn[12] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
      biascope_dataset *data = generate(
          BIASCOPE_TEACHER, (biascope_generate_options){20, 12, .seed = seed, .margin = 0.5, .nonzeros = nonzeros});
      assert_int_equal(biascope_dataset_nonzeros(data), 20 * nonzeros);
      for (size_t i = 0; i < 20; i++) assert_int_equal(data->row_start[i + 1] - data->row_start[i], nonzeros);
      for (size_t k = 0; k < 20 * nonzeros; k++) drawn[data->column[k]]++;
      biascope_dataset *dense = densify(data);
      assert_true(margin_of(dense) >= 0.5 * (1.0 - 1e-9));
      biascope_dataset_free(dense);
      biascope_dataset_free(data);
    }
    /* every feature is drawn alike: five standard deviations of a binomial count over the 20 SEEDS rows */
    const double chance = (double)nonzeros / 12.0, rows = 20.0 * SEEDS;
    for (size_t k = 0; k < 12; k++)
      assert_true(fabs((double)drawn[k] - rows * chance) <= 5.0 * sqrt(rows * chance * (1.0 - chance)));
  }
}

static void the_seed_alone_decides(void **state) {
  (void)state;
  for (biascope_generator kind = BIASCOPE_GAUSSIAN; kind <= BIASCOPE_TEACHER; kind++) {
    for (uint64_t seed = 0; seed < 5; seed++) {
      const biascope_generate_options options = {8, 8, .seed = seed, .margin = 0.1, .delta = 0.1},
                                      other = {8, 8, .seed = seed + 1, .margin = 0.1, .delta = 0.1};
      biascope_dataset *a = generate(kind, options), *b = generate(kind, options), *c = generate(kind, other);
      assert_memory_equal(a->dense, b->dense, 64 * sizeof(double));
      const bool same = !memcmp(a->dense, c->dense, 64 * sizeof(double));
      assert_int_equal(same, kind == BIASCOPE_SHIFTED_DIAGONAL);
      biascope_dataset_free(a);
      biascope_dataset_free(b);
      biascope_dataset_free(c);
    }
  }
}

static void options_are_checked(void **state) {
  (void)state;
  static const struct {
    biascope_generator kind;
    biascope_generate_options options;
    const char *fragment;
  } CASES[] = {
      {BIASCOPE_GAUSSIAN, {.samples = 0, .features = 1}, "0 samples"},
      {BIASCOPE_GAUSSIAN, {.samples = 1, .features = 0}, "0 features"},
      {BIASCOPE_GAUSSIAN, {.samples = (size_t)1 << 32, .features = 1}, "2^32"},
      {BIASCOPE_SHIFTED_DIAGONAL, {.samples = 3, .features = 4}, "3 samples and 4 features"},
      {BIASCOPE_SHIFTED_DIAGONAL, {.samples = 3, .features = 3, .delta = -0.5}, "delta -0.5"},
      {BIASCOPE_SHIFTED_DIAGONAL, {.samples = 3, .features = 3, .delta = NAN}, "delta nan"},
      {BIASCOPE_TEACHER, {.samples = 3, .features = 3, .margin = -1.0}, "margin -1"},
      {BIASCOPE_TEACHER, {.samples = 3, .features = 3, .margin = INFINITY}, "margin inf"},
      {BIASCOPE_TEACHER, {.samples = 3, .features = 3, .nonzeros = 4}, "4 nonzeros"},
      {BIASCOPE_RADEMACHER, {.samples = 3, .features = 3, .nonzeros = 2}, "only the teacher"},
      {(biascope_generator)99, {.samples = 3, .features = 3}, "99"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
    biascope_dataset *data;
    biascope_error error = {0};
    assert_int_equal(biascope_dataset_generate(CASES[i].kind, &CASES[i].options, &data, &error), BIASCOPE_USAGE);
    assert_null(data);
    if (!strstr(error.message, CASES[i].fragment)) fail_msg("'%s' lacks '%s'", error.message, CASES[i].fragment);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gaussian_entries_are_standard_normal),
      cmocka_unit_test(rademacher_rows_are_scaled_signs),
      cmocka_unit_test(shifted_diagonal_is_what_it_says),
      cmocka_unit_test(teacher_data_keeps_its_margin),
      cmocka_unit_test(sparse_teacher_rows_have_their_nonzeros_and_margin),
      cmocka_unit_test(the_seed_alone_decides),
      cmocka_unit_test(options_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
