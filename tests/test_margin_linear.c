/* linf and l1 margins, optimal faces and separability against GLPK's simplex method as an independent judge. */
#include "margin_cases.h"
#include <glpk.h>
#include <string.h>

enum { MAX_SAMPLES = 16 };

/* The judge's linear programme over (w, t): linf has -1 <= w <= 1; l1 has w = p - q with p, q >= 0, sum (p + q) <= 1.
 */
typedef struct {
  glp_prob *problem;
  size_t features;
  bool l1;
} judge;

static judge judge_create(size_t samples, size_t features, const double *values, bool l1, double least_t) {
  const int columns = (int)(l1 ? 2 * features : features) + 1, rows = (int)samples + 1;
  judge it = {glp_create_prob(), features, l1};
  int index[2 * MAX_FEATURES + 2];
  double value[2 * MAX_FEATURES + 2];
  glp_term_out(GLP_OFF);
  glp_set_obj_dir(it.problem, GLP_MAX);
  glp_add_cols(it.problem, columns);
  glp_add_rows(it.problem, rows);
  for (int k = 1; k < columns; k++) glp_set_col_bnds(it.problem, k, l1 ? GLP_LO : GLP_DB, l1 ? 0.0 : -1.0, 1.0);
  glp_set_col_bnds(it.problem, columns, GLP_LO, least_t, 0.0);
  for (int k = 1; k <= columns; k++) index[k] = k;
  for (size_t i = 0; i < samples; i++) {
    for (size_t k = 0; k < features; k++) {
      value[k + 1] = values[i * features + k];
      if (l1) value[features + k + 1] = -value[k + 1];
    }
    value[columns] = -1.0;
    glp_set_mat_row(it.problem, (int)i + 1, columns, index, value);
    glp_set_row_bnds(it.problem, (int)i + 1, GLP_LO, 0.0, 0.0);
  }
  for (int k = 1; k <= columns; k++) value[k] = l1 && k < columns ? 1.0 : 0.0;
  glp_set_mat_row(it.problem, rows, columns, index, value);
  glp_set_row_bnds(it.problem, rows, GLP_UP, 0.0, 1.0);
  return it;
}

/* Maximises target.w + weight t; writes w. */
static double judge_maximise(judge *it, const double *target, double weight, double *w) {
  const int columns = glp_get_num_cols(it->problem), features = (int)it->features;
  for (int k = 1; k <= features; k++) {
    glp_set_obj_coef(it->problem, k, target ? target[k - 1] : 0.0);
    if (it->l1) glp_set_obj_coef(it->problem, features + k, target ? -target[k - 1] : 0.0);
  }
  glp_set_obj_coef(it->problem, columns, weight);
  assert_int_equal(glp_simplex(it->problem, NULL), 0);
  assert_int_equal(glp_get_status(it->problem), GLP_OPT);
  for (int k = 1; k <= features; k++) {
    w[k - 1] = glp_get_col_prim(it->problem, k);
    if (it->l1) w[k - 1] -= glp_get_col_prim(it->problem, features + k);
  }
  return glp_get_obj_val(it->problem);
}

static void sign_values(size_t samples, size_t features, uint64_t seed, double *values) {
  for (size_t k = 0; k < samples * features; k++) values[k] = bs_random_below(seed, BS_STREAM_DATA, k, 2) ? 1.0 : -1.0;
}

static void margins_agree_with_the_simplex_method(void **state) {
  (void)state;
  double w[MAX_FEATURES];
  for (uint64_t seed = 0; seed < 60; seed++) {
    const size_t samples = 2 + seed % 12, features = 1 + seed % 9;
    double *values = gaussian_values(samples, features, 0.2, seed);
    biascope_dataset *data = dense(samples, features, values);
    for (int l1 = 0; l1 <= 1; l1++) {
      biascope_margin solution = solved(data, (biascope_norm){.kind = l1 ? BIASCOPE_L1 : BIASCOPE_LINF});
      judge it = judge_create(samples, features, values, l1, 0.0);
      const double best = judge_maximise(&it, NULL, 1.0, w);
      assert_true(fabs(solution.margin - best) <= 1e-8 * best);
      glp_delete_prob(it.problem);
      biascope_margin_free(&solution);
    }
    biascope_dataset_free(data);
    free(values);
  }
}

/* Rank of the row vectors, by elimination; entries are of the order of 1. */
static size_t rank_of(size_t rows, size_t columns, double rows_of[][MAX_FEATURES]) {
  size_t rank = 0;
  for (size_t k = 0; k < columns && rank < rows; k++) {
    size_t pivot = rank;
    for (size_t i = rank; i < rows; i++) {
      if (fabs(rows_of[i][k]) > fabs(rows_of[pivot][k])) pivot = i;
    }
    if (fabs(rows_of[pivot][k]) < 1e-5) continue;
    for (size_t j = 0; j < columns; j++) {
      const double swap = rows_of[pivot][j];
      rows_of[pivot][j] = rows_of[rank][j];
      rows_of[rank][j] = swap;
    }
    for (size_t i = rank + 1; i < rows; i++) {
      const double factor = rows_of[i][k] / rows_of[rank][k];
      for (size_t j = 0; j < columns; j++) rows_of[i][j] -= factor * rows_of[rank][j];
    }
    rank++;
  }
  return rank;
}

enum { VERTICES = 200 };

/* Extreme points of the optimal face, found by maximising random directions over it. */
static void find_vertices(const biascope_margin *solution, const double *values, bool l1, uint64_t seed,
                          double vertex[][MAX_FEATURES]) {
  judge it = judge_create(solution->samples, solution->features, values, l1, solution->margin * (1.0 - 1e-10));
  double target[MAX_FEATURES];
  for (size_t v = 0; v < VERTICES; v++) {
    for (size_t k = 0; k < solution->features; k++) target[k] = bs_random_normal(seed, BS_STREAM_NOISE, v * 64 + k);
    judge_maximise(&it, target, 0.0, vertex[v]);
  }
  glp_delete_prob(it.problem);
}

static double cosine_of(size_t n, const double *a, const double *b) {
  double ab = 0.0, aa = 0.0, bb = 0.0;
  for (size_t k = 0; k < n; k++) {
    ab += a[k] * b[k];
    aa += a[k] * a[k];
    bb += b[k] * b[k];
  }
  return ab / sqrt(aa * bb);
}

/* The nearest point is optimal itself, no mixture of vertices is nearer, and points of the face have cosine 1. */
static void check_nearest(const biascope_dataset *data, biascope_norm norm, const biascope_margin *solution,
                          double vertex[][MAX_FEATURES], uint64_t seed) {
  const size_t d = solution->features;
  double w[MAX_FEATURES], nearest[MAX_FEATURES], mixed[MAX_FEATURES] = {0}, cosine;
  for (size_t k = 0; k < d; k++) w[k] = vertex[0][k] + bs_random_normal(seed, BS_STREAM_LABELS, k);
  assert_int_equal(biascope_margin_cosine(data, norm, solution, w, &cosine, NULL, nearest, NULL), BIASCOPE_OK);
  assert_true(fabs(biascope_margin_of(data, norm, nearest) - solution->margin) <= 1e-9 * solution->margin);
  assert_true(fabs(cosine_of(d, w, nearest) - cosine) <= 1e-12);
  for (uint64_t trial = 0; trial < 300 && cosine > 0.0; trial++) {
    for (size_t k = 0; k < d; k++) mixed[k] = 0.0;
    for (uint64_t part = 0; part < 3; part++) {
      const size_t v = bs_random_below(seed, BS_STREAM_PREDICT, 6 * trial + part, VERTICES);
      const double share = bs_random_uniform(seed, BS_STREAM_PREDICT, 6 * trial + 3 + part);
      for (size_t k = 0; k < d; k++) mixed[k] += share * vertex[v][k];
    }
    assert_true(cosine_of(d, w, mixed) <= cosine + 1e-8);
  }
  assert_int_equal(biascope_margin_cosine(data, norm, solution, vertex[1], &cosine, NULL, NULL, NULL), BIASCOPE_OK);
  assert_true(cosine >= 1.0 - 1e-9);
}

static void optimal_faces_have_the_judges_dimension_and_nearest_point(void **state) {
  (void)state;
  static double vertex[VERTICES][MAX_FEATURES];
  double values[MAX_SAMPLES * MAX_FEATURES];
  int faces = 0;
  for (uint64_t seed = 0; seed < 60; seed++) {
    const size_t samples = 2 + seed % 4, features = 3 + seed % 5;
    sign_values(samples, features, seed, values);
    biascope_dataset *data = dense(samples, features, values);
    for (int l1 = 0; l1 <= 1; l1++) {
      const biascope_norm norm = {.kind = l1 ? BIASCOPE_L1 : BIASCOPE_LINF};
      biascope_margin solution;
      if (biascope_margin_solve(data, norm, NULL, &solution, NULL) == BIASCOPE_OK) {
        find_vertices(&solution, values, l1, seed, vertex);
        check_nearest(data, norm, &solution, vertex, seed);
        for (size_t v = 1; v < VERTICES; v++) {
          for (size_t k = 0; k < features; k++) vertex[v][k] -= vertex[0][k];
        }
        assert_int_equal(rank_of(VERTICES - 1, features, vertex + 1), solution.face_dimension);
        faces += !solution.unique;
      }
      biascope_margin_free(&solution);
    }
    biascope_dataset_free(data);
  }
  assert_true(faces > 50);
}

/* Separable or not as the judge's best margin is positive or zero; where not, the certificate proves it. */
static void separability_agrees_and_certificates_hold(void **state) {
  (void)state;
  double metric[MAX_FEATURES], w[MAX_FEATURES], values[MAX_SAMPLES * MAX_FEATURES];
  int inseparable = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    const size_t samples = 3 + seed % 10, features = 1 + seed % 6;
    for (size_t k = 0; k < samples * features; k++) values[k] = bs_random_normal(seed, BS_STREAM_DATA, k);
    if (seed % 3 == 0) sign_values(samples, features, seed, values);
    biascope_dataset *data = dense(samples, features, values);
    judge it = judge_create(samples, features, values, false, 0.0);
    const bool separable = judge_maximise(&it, NULL, 1.0, w) > 1e-9;
    glp_delete_prob(it.problem);
    for (int i = 0; i < NORM_COUNT; i++) {
      biascope_margin solution;
      biascope_error error;
      const biascope_status status = biascope_margin_solve(data, norm_number(i, metric), NULL, &solution, &error);
      assert_int_equal(status != BIASCOPE_NOT_SEPARABLE, separable);
      if (!separable) {
        double total = 0.0, largest = 0.0;
        for (size_t s = 0; s < samples; s++) {
          assert_true(solution.dual[s] >= 0.0);
          total += solution.dual[s];
        }
        assert_true(fabs(total - 1.0) <= 1e-14);
        for (size_t k = 0; k < features; k++) {
          double sum = 0.0;
          for (size_t s = 0; s < samples; s++) sum += solution.dual[s] * values[s * features + k];
          largest = fmax(largest, fabs(sum));
        }
        assert_true(largest <= 1e-13 && solution.upper_bound <= 1e-13);
        inseparable++;
      }
      biascope_margin_free(&solution);
    }
    biascope_dataset_free(data);
  }
  assert_true(inseparable > 300);
}

static void a_zero_sample_is_its_own_certificate(void **state) {
  (void)state;
  const double values[] = {1.0, 2.0, 0.0, 0.0, 3.0, 1.0};
  biascope_dataset *data = dense(3, 2, values);
  biascope_margin solution;
  biascope_error error;
  assert_int_equal(biascope_margin_solve(data, (biascope_norm){.kind = BIASCOPE_L2}, NULL, &solution, &error),
                   BIASCOPE_NOT_SEPARABLE);
  assert_true(solution.dual[1] == 1.0 && solution.dual[0] == 0.0 && solution.upper_bound == 0.0);
  assert_non_null(strstr(error.message, "sample 1"));
  biascope_margin_free(&solution);
  biascope_dataset_free(data);
}

/* Opposite samples far below the others' size: not separable, whatever the others are. */
static void a_tiny_contradiction_is_found_beside_large_samples(void **state) {
  (void)state;
  const double values[] = {1e-12, 2e-12, -1e-12, -2e-12, 3.0, 1.0};
  double metric[MAX_FEATURES];
  biascope_dataset *data = dense(3, 2, values);
  for (int i = 0; i < NORM_COUNT; i++) {
    biascope_margin solution;
    biascope_error error;
    assert_int_equal(biascope_margin_solve(data, norm_number(i, metric), NULL, &solution, &error),
                     BIASCOPE_NOT_SEPARABLE);
    assert_true(fabs(solution.dual[0] - 0.5) <= 1e-12 && fabs(solution.dual[1] - 0.5) <= 1e-12);
    biascope_margin_free(&solution);
  }
  biascope_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(margins_agree_with_the_simplex_method),
      cmocka_unit_test(optimal_faces_have_the_judges_dimension_and_nearest_point),
      cmocka_unit_test(separability_agrees_and_certificates_hold),
      cmocka_unit_test(a_zero_sample_is_its_own_certificate),
      cmocka_unit_test(a_tiny_contradiction_is_found_beside_large_samples),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
