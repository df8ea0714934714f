/* The spectral norm. Its dual is the nuclear norm, and the central path of -log det(I - W W') has
 *   E = G - W G' W - 2 mu W = 0,    dE = dG - W dG' W - dW G' W - W G' dW - 2 mu dW = -E,
 * which is, with op(X) = X - W X' W and dG = h - K dW,
 *   op(K dW) + dW G' W + W G' dW + 2 mu dW = op(G + h) - 2 mu W.
 * In the singular vectors of W, op(X)_ij = X_ij - s_i s_j X_ji: the sum of the equations (i, j) and (j, i) has 1 - s_i
 * s_j and their difference 1 + s_i s_j, so that what vanishes where s_i = s_j = 1 does so without rounding. */
#include "base/vector.h"
#include "margin/matrix_interior.h"
#include <string.h>

/* The coefficients of dW G' W + W G' dW + 2 mu dW at (a, f), times scale. */
static void add_curvature(const bs_matrix_interior *run, size_t a, size_t f, double mu, double scale, double *row) {
  const size_t m = run->m, d = run->d;
  const double *right = run->products, *left = right + d * d;
  for (size_t e = 0; e < d; e++) row[a * d + e] += scale * right[e * d + f];
  for (size_t b = 0; b < m; b++) row[b * d + f] += scale * left[a * m + b];
  row[a * d + f] += scale * 2.0 * mu;
}

/* Equations (a, f) and (f, a), as their sum and difference. */
static void fill_pair(bs_matrix_interior *run, size_t a, size_t f, double mu) {
  const size_t n = run->order, one = a * run->d + f, two = f * run->d + a;
  const double product = run->of_w[a] * run->of_w[f];
  double *sum = run->system + one * n, *difference = run->system + two * n;
  const double *from_one = run->gram + one * n, *from_two = run->gram + two * n;
  for (size_t at = 0; at < n; at++) {
    sum[at] = (1.0 - product) * (from_one[at] + from_two[at]);
    difference[at] = (1.0 + product) * (from_one[at] - from_two[at]);
  }
  add_curvature(run, a, f, mu, 1.0, sum);
  add_curvature(run, f, a, mu, 1.0, sum);
  add_curvature(run, a, f, mu, 1.0, difference);
  add_curvature(run, f, a, mu, -1.0, difference);
}

static void fill_one(bs_matrix_interior *run, size_t a, size_t f, double mu) {
  const size_t n = run->order, at = a * run->d + f;
  const double s = a == f && a < run->least ? run->of_w[a] : 0.0;
  double *row = run->system + at * n;
  memset(row, 0, n * sizeof *row);
  bs_axpy(n, (1.0 - s) * (1.0 + s), run->gram + at * n, row);
  add_curvature(run, a, f, mu, 1.0, row);
}

static void fill(bs_matrix_interior *run, double mu) {
  const size_t m = run->m, d = run->d;
  bs_dense_multiply_atb(d, d, m, 1.0, run->turned_g, run->turned_w, run->products);
  bs_dense_multiply_abt(m, m, d, 1.0, run->turned_w, run->turned_g, run->products + d * d, m);
  for (size_t a = 0; a < m; a++) {
    for (size_t f = 0; f < d; f++) {
      const bool paired = a < run->least && f < run->least && a != f;
      if (!paired)
        fill_one(run, a, f, mu);
      else if (a < f)
        fill_pair(run, a, f, mu);
    }
  }
}

/* The sum and the difference of the equations (a, f) and (f, a), in their places. */
static void pair_up(const bs_matrix_interior *run, double *x) {
  for (size_t a = 0; a < run->least; a++) {
    for (size_t f = a + 1; f < run->least; f++) {
      const double one = x[a * run->d + f], two = x[f * run->d + a];
      x[a * run->d + f] = one + two;
      x[f * run->d + a] = one - two;
    }
  }
}

static void aim(bs_matrix_interior *run, double mu, double factored) {
  const size_t d = run->d;
  double *to = run->target;
  (void)factored; /* multiplies dW alone, which is small */
  for (size_t at = 0; at < run->order; at++) to[at] = run->turned_g[at] + run->turned_h[at];
  pair_up(run, to);
  for (size_t a = 0; a < run->least; a++) {
    const double s = run->of_w[a];
    for (size_t f = a + 1; f < run->least; f++) {
      to[a * d + f] *= 1.0 - s * run->of_w[f];
      to[f * d + a] *= 1.0 + s * run->of_w[f];
    }
    to[a * d + a] = (1.0 - s) * (1.0 + s) * to[a * d + a] - 2.0 * mu * s;
  }
}

static double limit_primal(bs_matrix_interior *run, double step) {
  const double radius = 1.0 - run->left_of_ball * (1.0 - run->of_w[0]);
  return bs_matrix_step(run->m, run->d, run->w, run->dw, radius, 0.0, step, run->scratch);
}

static double limit_dual(bs_matrix_interior *run, double step) {
  (void)run;
  return step;
}

const bs_matrix_equation bs_spectral_equation = {.fill = fill,
                                                 .aim = aim,
                                                 .limit_primal = limit_primal,
                                                 .limit_dual = limit_dual,
                                                 .norm = bs_largest_of,
                                                 .dual = bs_sum_of};
