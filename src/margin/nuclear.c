/* The nuclear norm. Its dual is the spectral norm, |G| <= tau, and the central path of -log det(tau^2 I - G G') has
 *   E = tau^2 W - G W' G - 2 mu G = 0,    <W, G> = tau - 2 mu min(m, d),
 * which is, with op(X) = X W' G + G W' X + 2 mu X and dG = h - K dW,
 *   tau^2 dW - G dW' G + op(K dW) + 2 tau dtau W = op(h) - E,    <dW, G - K W> - dtau = tau - 2 mu min(m, d) - <W, G +
 * h>. dtau is an unknown beside dW: K, centred, has next to nothing in the direction of W, along which every margin of
 * the support grows alike. */
#include "base/vector.h"
#include "margin/matrix_interior.h"
#include <string.h>

/* The rows of class a: op(K), - G dW' G and tau^2 dW, each of `order` coefficients. */
static void fill_class(bs_matrix_interior *run, size_t a, double mu) {
  const size_t m = run->m, d = run->d, n = run->order;
  const double *right = run->products, *left = right + d * d;
  double *to = run->system + a * d * n;
  bs_dense_multiply_atb(d, n, d, 1.0, right, run->gram + a * d * n, to);
  bs_axpy(d * n, 2.0 * mu, run->gram + a * d * n, to);
  for (size_t b = 0; b < m; b++) bs_axpy(d * n, left[a * m + b], run->gram + b * d * n, to);
  for (size_t f = 0; f < d; f++) {
    double *row = to + f * n;
    for (size_t b = 0; b < m; b++) bs_axpy(d, -run->turned_g[b * d + f], run->turned_g + a * d, row + b * d);
    row[a * d + f] += run->tau * run->tau;
  }
}

/* A last column for dtau, which the rows make room for, and the last equation. */
static void add_border(bs_matrix_interior *run) {
  const size_t n = run->order;
  double *last = run->system + n * (n + 1);
  for (size_t i = n; i-- > 0;) {
    memmove(run->system + i * (n + 1), run->system + i * n, n * sizeof *run->system);
    run->system[i * (n + 1) + n] = 2.0 * run->tau * run->turned_w[i];
  }
  memcpy(last, run->turned_g, n * sizeof *last);
  bs_dense_apply(n, n, -1.0, run->gram, n, run->turned_w, 1.0, last);
  last[n] = -1.0;
}

static void fill(bs_matrix_interior *run, double mu) {
  bs_dense_multiply_atb(run->d, run->d, run->m, 1.0, run->turned_w, run->turned_g, run->products);
  bs_dense_multiply_abt(run->m, run->m, run->d, 1.0, run->turned_g, run->turned_w, run->products + run->d * run->d,
                        run->m);
  for (size_t a = 0; a < run->m; a++) fill_class(run, a, mu);
  add_border(run);
}

/* to += scale X W' G */
static void add_product(const bs_matrix_interior *run, double scale, const double *x, double *to) {
  for (size_t a = 0; a < run->m; a++)
    bs_dense_combine(run->d, run->d, scale, run->products, run->d, x + a * run->d, to + a * run->d);
}

static void aim(bs_matrix_interior *run, double mu, double factored) {
  const size_t m = run->m, d = run->d, n = run->order;
  const double *left = run->products + d * d, *w = run->turned_w, *g = run->turned_g, *h = run->turned_h;
  double *to = run->target;
  memset(to, 0, n * sizeof *to);
  add_product(run, 1.0, h, to);
  for (size_t a = 0; a < m; a++)
    for (size_t b = 0; b < m; b++) bs_axpy(d, left[a * m + b], h + b * d, to + a * d);
  bs_axpy(n, 2.0 * factored, h, to); /* as in the equations: h and K dW are large, and cancel */
  memset(run->spare, 0, n * sizeof *run->spare);
  add_product(run, -1.0, g, run->spare);
  bs_axpy(n, run->tau * run->tau, w, run->spare);
  bs_axpy(n, -2.0 * mu, g, run->spare);
  bs_axpy(n, -1.0, run->spare, to);
  to[n] = run->tau - 2.0 * mu * (double)run->least - bs_dot(n, w, g) - bs_dot(n, w, h);
}

static double limit_primal(bs_matrix_interior *run, double step) {
  (void)run;
  return step;
}

static double limit_dual(bs_matrix_interior *run, double step) {
  const double radius = run->tau - run->left_of_ball * (run->tau - run->of_g[0]);
  return bs_matrix_step(run->m, run->d, run->g, run->dg, radius, run->dtau, step, run->scratch);
}

const bs_matrix_equation bs_nuclear_equation = {.turns_g = true,
                                                .extra = 1,
                                                .fill = fill,
                                                .aim = aim,
                                                .limit_primal = limit_primal,
                                                .limit_dual = limit_dual,
                                                .norm = bs_sum_of,
                                                .dual = bs_largest_of};
