/* The linear algebra of each back end against plain sums, for matrices of every small size, empty ones too. */
#include "base/dense.h"
#include "base/memory.h"
#include "base/rng.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 6, SPACE = (MOST + 2) * (MOST + 2), SIZES = (MOST + 1) * (MOST + 1) * (MOST + 1) };

static double entry(uint64_t seed, size_t at) {
  return bs_random_normal(seed, BS_STREAM_NOISE, at);
}

static void fill(uint64_t seed, double *array) {
  for (size_t at = 0; at < SPACE; at++) array[at] = entry(seed, at);
}

static void assert_near(double found, double expected) {
  if (!(fabs(found - expected) <= 1e-12 * (1.0 + fabs(expected)))) fail_msg("%.17g, expected %.17g", found, expected);
}

/* Sum over k of a_(i,k) b_(k,j), by the distances between their entries. */
static double sum_of(size_t count, const double *a, size_t a_step, const double *b, size_t b_step) {
  double sum = 0.0;
  for (size_t k = 0; k < count; k++) sum += a[k * a_step] * b[k * b_step];
  return sum;
}

/* Each size 0 to MOST of m, n and k in turn. */
typedef struct {
  size_t m, n, k;
} sizes;
static sizes sizes_of(size_t trial) {
  return (sizes){trial % (MOST + 1), trial / (MOST + 1) % (MOST + 1), trial / ((MOST + 1) * (MOST + 1))};
}

static void products_are_plain_sums(void **state) {
  (void)state;
  double a[SPACE], b[SPACE], c[SPACE], before[SPACE];
  for (size_t trial = 0; trial < SIZES; trial++) {
    const sizes s = sizes_of(trial);
    fill(2 * trial, a);
    fill(2 * trial + 1, b);
    fill(trial, c);
    bs_dense_multiply_abt(s.m, s.n, s.k, -2.0, a, b, c, s.n + 1);
    for (size_t i = 0; i < s.m; i++)
      for (size_t j = 0; j < s.n; j++)
        assert_near(c[i * (s.n + 1) + j], -2.0 * sum_of(s.k, a + i * s.k, 1, b + j * s.k, 1));
    bs_dense_multiply_atb(s.m, s.n, s.k, 0.5, a, b, c);
    for (size_t i = 0; i < s.m; i++)
      for (size_t j = 0; j < s.n; j++) assert_near(c[i * s.n + j], 0.5 * sum_of(s.k, a + i, s.m, b + j, s.n));
    fill(trial, c);
    memcpy(before, c, sizeof c);
    bs_dense_apply(s.m, s.k, 3.0, a, s.k, b, 0.25, c);
    for (size_t i = 0; i < s.m && s.k > 0; i++)
      assert_near(c[i], 0.25 * before[i] + 3.0 * sum_of(s.k, a + i * s.k, 1, b, 1));
    memcpy(before, c, sizeof c);
    bs_dense_combine(s.m, s.k, 3.0, a, s.k, b, c);
    for (size_t j = 0; j < s.k; j++) assert_near(c[j], before[j] + 3.0 * sum_of(s.m, a + j, s.k, b, 1));
  }
}

static void gram_matrices_are_plain_sums(void **state) {
  (void)state;
  double a[SPACE], g[SPACE], before[SPACE];
  for (size_t trial = 0; trial < SIZES; trial++) {
    const sizes s = sizes_of(trial);
    fill(trial, a);
    bs_dense_row_gram(s.n, s.k, a, s.k, g, s.n);
    for (size_t i = 0; i < s.n; i++)
      for (size_t j = i; j < s.n; j++) assert_near(g[i * s.n + j], sum_of(s.k, a + i * s.k, 1, a + j * s.k, 1));
    fill(trial + 1, g);
    memcpy(before, g, sizeof g);
    bs_dense_add_column_gram(s.n, s.k, a, s.n, g, s.n);
    for (size_t i = 0; i < s.n; i++)
      for (size_t j = i; j < s.n; j++)
        assert_near(g[i * s.n + j], before[i * s.n + j] + sum_of(s.k, a + i, s.n, a + j, s.n));
  }
}

static void systems_are_solved(void **state) {
  (void)state;
  double a[SPACE], g[SPACE], lu[SPACE], x[MOST + 2], reciprocal;
  int pivot[MOST + 2];
  for (size_t trial = 0; trial < 200; trial++) {
    const size_t n = trial % (MOST + 1);
    fill(trial, a);
    for (size_t i = 0; i < n; i++) a[i * n + i] += 12.0;
    bs_dense_row_gram(n, n, a, n, g, n);
    memcpy(lu, g, sizeof lu);
    for (size_t i = 0; i < n; i++) x[i] = entry(trial + 1, i);
    assert_true(bs_dense_cholesky(n, lu, n));
    bs_dense_cholesky_solve(n, lu, n, x);
    for (size_t i = 0; i < n; i++) {
      double sum = 0.0;
      for (size_t j = 0; j < n; j++) sum += (i < j ? g[i * n + j] : g[j * n + i]) * x[j];
      assert_near(sum, entry(trial + 1, i));
    }
    for (int transposed = 0; transposed < 2; transposed++) {
      memcpy(lu, a, sizeof lu);
      for (size_t i = 0; i < n; i++) x[i] = entry(trial + 2, i);
      assert_int_equal(bs_dense_lu(n, lu, pivot, &reciprocal), BS_DENSE_OK);
      assert_true(n == 0 || (reciprocal > 1e-2 && reciprocal <= 1.0 + 1e-12));
      bs_dense_lu_solve(n, lu, pivot, transposed, x);
      for (size_t i = 0; i < n; i++)
        assert_near(transposed ? sum_of(n, a + i * n, 1, x, 1) : sum_of(n, a + i, n, x, 1), entry(trial + 2, i));
    }
  }
}

static void singular_values_and_vectors_give_the_matrix_back(void **state) {
  (void)state;
  double a[SPACE], copy[SPACE], left[SPACE], right[SPACE], singular[MOST + 2], again[MOST + 2];
  for (size_t trial = 0; trial < 200; trial++) {
    const size_t m = trial % (MOST + 1), n = 1 + trial / (MOST + 1) % MOST, least = m < n ? m : n;
    fill(trial, a);
    memcpy(copy, a, sizeof a);
    assert_int_equal(bs_dense_svd(m, n, copy, left, singular, right), BS_DENSE_OK);
    for (size_t k = 0; k + 1 < least; k++) assert_true(singular[k] >= singular[k + 1] && singular[k + 1] >= 0.0);
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j < n; j++) {
        double sum = 0.0;
        for (size_t k = 0; k < least; k++) sum += left[i * least + k] * singular[k] * right[k * n + j];
        assert_near(sum, a[i * n + j]);
      }
    }
    if (m == 0) continue;
    memcpy(copy, a, sizeof a);
    assert_int_equal(bs_dense_right_vectors(m, n, copy, again, right), BS_DENSE_OK);
    for (size_t k = 0; k < least; k++) assert_near(again[k], singular[k]);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) assert_near(sum_of(n, right + i * n, 1, right + j * n, 1), i == j ? 1.0 : 0.0);
  }
}

/* Column-major systems: the residual is orthogonal to every column; the shortest solution lies in the rows' span. */
static void least_squares_leave_an_orthogonal_residual(void **state) {
  (void)state;
  double a[SPACE], copy[SPACE], b[MOST + 2], x[MOST + 2], shortest[MOST + 2], singular[MOST + 2];
  for (size_t trial = 0; trial < 200; trial++) {
    const size_t n = 1 + trial % (MOST - 1), m = n + trial % 2;
    fill(trial, a);
    fill(trial + 1, copy);
    memcpy(b, copy, sizeof b);
    memcpy(x, b, sizeof x);
    memcpy(shortest, b, sizeof shortest);
    memcpy(copy, a, sizeof a);
    assert_int_equal(bs_dense_least_squares(m, n, copy, x), BS_DENSE_OK);
    memcpy(copy, a, sizeof a);
    assert_int_equal(bs_dense_shortest_least_squares(m, n, copy, shortest, singular, 1e-14), BS_DENSE_OK);
    double largest = 0.0;
    for (size_t j = 0; j < n; j++) largest = fmax(largest, fabs(x[j]));
    for (size_t j = 0; j < n; j++) {
      double sum = 0.0;
      for (size_t i = 0; i < m; i++) sum += a[j * m + i] * (b[i] - sum_of(n, a + i, m, x, 1));
      assert_true(fabs(sum) <= 1e-11 * (1.0 + largest));
      assert_true(fabs(x[j] - shortest[j]) <= 1e-9 * (1.0 + largest) * singular[0] / singular[n - 1]);
    }
  }
}

static void the_shortest_solution_without_equations_is_zero(void **state) {
  (void)state;
  double nothing[1] = {0.0}, solution[3] = {1.0, 2.0, 3.0}, singular[3];
  assert_int_equal(bs_dense_shortest_least_squares(0, 3, nothing, solution, singular, 1e-12), BS_DENSE_OK);
  for (int k = 0; k < 3; k++) assert_true(solution[k] == 0.0);
  assert_int_equal(bs_dense_shortest_least_squares(0, 0, nothing, solution, singular, 1e-12), BS_DENSE_OK);
}

static void eigenvalues_sum_to_the_trace(void **state) {
  (void)state;
  double a[SPACE], copy[SPACE], real[MOST + 2], imaginary[MOST + 2];
  for (size_t trial = 0; trial < 100; trial++) {
    const size_t n = 1 + trial % MOST;
    fill(trial, a);
    memcpy(copy, a, sizeof a);
    assert_int_equal(bs_dense_eigenvalues(n, copy, real, imaginary), BS_DENSE_OK);
    double trace = 0.0, square = 0.0;
    for (size_t k = 0; k < n; k++) {
      trace += real[k] - a[k * n + k];
      square += real[k] * real[k] - imaginary[k] * imaginary[k] - sum_of(n, a + k * n, 1, a + k, n);
    }
    assert_near(1.0 + trace, 1.0);
    assert_true(fabs(square) <= 1e-11 * (double)(n * n));
  }
}

static void what_is_not_finite_fails(void **state) {
  (void)state;
  double a[4] = {1.0, NAN, 0.0, 1.0}, b[2] = {1.0, 1.0}, left[4], singular[2], right[4];
  int pivot[2];
  assert_int_equal(bs_dense_lu(2, a, pivot, NULL), BS_DENSE_FAILED);
  assert_int_equal(bs_dense_svd(2, 2, a, left, singular, right), BS_DENSE_FAILED);
  assert_int_equal(bs_dense_least_squares(2, 2, a, b), BS_DENSE_FAILED);
  assert_int_equal(bs_dense_eigenvalues(2, a, left, right), BS_DENSE_FAILED);
  double indefinite[4] = {1.0, 2.0, 2.0, 1.0};
  assert_false(bs_dense_cholesky(2, indefinite, 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_are_plain_sums),
      cmocka_unit_test(gram_matrices_are_plain_sums),
      cmocka_unit_test(systems_are_solved),
      cmocka_unit_test(singular_values_and_vectors_give_the_matrix_back),
      cmocka_unit_test(least_squares_leave_an_orthogonal_residual),
      cmocka_unit_test(the_shortest_solution_without_equations_is_zero),
      cmocka_unit_test(eigenvalues_sum_to_the_trace),
      cmocka_unit_test(what_is_not_finite_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
