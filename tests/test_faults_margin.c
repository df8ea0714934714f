/* Every allocation of the max-margin solvers fails once, in turn, on data that take each of their paths. */
#include "fault_injection.h"

#include "class_cases.h"

typedef struct {
  const biascope_dataset *data;
  biascope_norm norm;
} solving;

/* A certificate of non-separability is what these calls are for, too. */
static biascope_status solve_once(void *context, biascope_error *error) {
  const solving *what = context;
  biascope_margin solution;
  const biascope_status status = biascope_margin_solve(what->data, what->norm, NULL, &solution, error);
  if (status == BIASCOPE_NO_MEMORY) assert_true(!solution.direction && !solution.dual);
  biascope_margin_free(&solution);
  return status == BIASCOPE_NOT_SEPARABLE ? BIASCOPE_OK : status;
}

static biascope_status solve_free_once(void *context, biascope_error *error) {
  const solving *what = context;
  biascope_margin solution;
  const biascope_status status = biascope_margin_solve_free_intercept(what->data, what->norm, NULL, &solution, error);
  if (status == BIASCOPE_NO_MEMORY) assert_true(!solution.direction && !solution.dual);
  biascope_margin_free(&solution);
  return status == BIASCOPE_NOT_SEPARABLE ? BIASCOPE_OK : status;
}

static void solving_with_a_free_intercept_fails_cleanly(void **state) {
  (void)state;
  enum { N = 6, D = 3 };
  for (int separable = 0; separable < 2; separable++) {
    double *values = gaussian_values(N, D, 0.2, 5);
    for (size_t i = 0; i < N; i++) {
      values[i * D + D - 1] = i % 2 ? 1.0 : -1.0;
      if (separable) values[i * D] = 3.0;
    }
    biascope_dataset *full = dense(N, D, values), *sparse = compressed(N, D, values);
    assert_true(fault_sweep(solve_free_once, &(solving){full, {.kind = BIASCOPE_L2}}, NULL) >= 12);
    assert_true(fault_sweep(solve_free_once, &(solving){sparse, {.kind = BIASCOPE_LINF}}, NULL) >= 12);
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
    free(values);
  }
}

static void sweep_norms(const biascope_dataset *data) {
  double metric[MAX_FEATURES];
  for (int i = 0; i < NORM_COUNT; i++) {
    solving what = {data, norm_number(i, metric)};
    assert_true(fault_sweep(solve_once, &what, NULL) >= 8);
  }
}

static void solving_fails_cleanly(void **state) {
  (void)state;
  static const size_t shapes[][2] = {{4, 9}, {12, 4}};
  for (size_t shape = 0; shape < 2; shape++) {
    const size_t n = shapes[shape][0], d = shapes[shape][1];
    double *values = gaussian_values(n, d, 0.2, shape);
    biascope_dataset *full = dense(n, d, values), *sparse = compressed(n, d, values);
    sweep_norms(full);
    sweep_norms(sparse);
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
    for (size_t k = 0; k < d; k++) values[k] = values[d + k]; /* a repeated sample: dependent constraints */
    full = dense(n, d, values);
    sweep_norms(full);
    biascope_dataset_free(full);
    for (size_t k = 0; k < d; k++) values[k] = -values[d + k]; /* and its opposite: not separable */
    full = dense(n, d, values);
    sweep_norms(full);
    biascope_dataset_free(full);
    free(values);
  }
}

static biascope_status decide_once(void *context, biascope_error *error) {
  biascope_status decision[9];
  return biascope_classes_decide(context, decision, error);
}

static void solving_for_classes_fails_cleanly(void **state) {
  (void)state;
  static const biascope_norm norms[] = {{.kind = BIASCOPE_L2},
                                        {.kind = BIASCOPE_LINF},
                                        {.kind = BIASCOPE_L1},
                                        {.kind = BIASCOPE_SPECTRAL},
                                        {.kind = BIASCOPE_NUCLEAR}};
  class_case of = teacher_case(3, 10, 2, 0.2, 1);
  for (int separable = 1; separable >= 0; separable--) {
    for (size_t k = 0; !separable && k < of.features; k++) of.x[k] = 0.5 * of.x[of.features + k]; /* of another class */
    biascope_dataset *full = data_of(&of), *sparse = classified(compressed(10, 2, of.x), 3, of.class_of);
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
      assert_true(fault_sweep(solve_once, &(solving){full, norms[i]}, NULL) >= 8);
      assert_true(fault_sweep(solve_once, &(solving){sparse, norms[i]}, NULL) >= 8);
    }
    assert_true(fault_sweep(decide_once, full, NULL) >= 8);
    assert_true(fault_sweep(decide_once, sparse, NULL) >= 8);
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
  }
  free_case(&of);
}

typedef struct {
  const biascope_dataset *data;
  biascope_norm norm;
  const biascope_margin *solution;
} comparing;

static biascope_status compare_once(void *context, biascope_error *error) {
  const comparing *what = context;
  const double w[] = {0.3, 1.0, -0.2, 0.5};
  double cosine, nearest[4];
  return biascope_margin_cosine(what->data, what->norm, what->solution, w, &cosine, NULL, nearest, error);
}

static void comparing_with_a_face_fails_cleanly(void **state) {
  (void)state;
  const double values[] = {1, 1, 1, 1, 2, 2, 2, -2, 3, 3, -3, -3, 4, -4, 4, -4};
  biascope_dataset *data = dense(4, 4, values);
  biascope_margin solution;
  comparing what = {data, {.kind = BIASCOPE_LINF}, &solution};
  assert_int_equal(biascope_margin_solve(data, what.norm, NULL, &solution, NULL), BIASCOPE_OK);
  assert_false(solution.unique);
  assert_true(fault_sweep(compare_once, &what, NULL) >= 8);
  biascope_margin_free(&solution);
  biascope_dataset_free(data);
}

static biascope_status take_apart_once(void *context, biascope_error *error) {
  const biascope_dataset *data = context;
  biascope_parts parts;
  double minimiser[4], residual;
  biascope_status status = biascope_parts_find(data, &parts, error);
  if (status != BIASCOPE_OK) {
    assert_true(!parts.separable && !parts.dual && !parts.direction && !parts.basis);
    return status;
  }
  status = biascope_parts_minimise(data, &parts, "logistic", minimiser, &residual, error);
  biascope_parts_free(&parts);
  return status;
}

static void taking_data_apart_fails_cleanly(void **state) {
  (void)state;
  /* the zero sample is found first, so that the next ones are joined to it */
  const double values[] = {0, 0, 0, 0, 1, 2, 0, 0, -2, -4, 0, 0, 3, 6, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1};
  biascope_dataset *data = dense(6, 4, values);
  assert_true(fault_sweep(take_apart_once, data, NULL) >= 20);
  biascope_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(taking_data_apart_fails_cleanly),
      cmocka_unit_test(solving_fails_cleanly),
      cmocka_unit_test(solving_with_a_free_intercept_fails_cleanly),
      cmocka_unit_test(solving_for_classes_fails_cleanly),
      cmocka_unit_test(comparing_with_a_face_fails_cleanly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
