#include "margin/separability.h"

#include "base/memory.h"
#include "margin/equations.h"
#include "margin/interior.h"
#include "margin/kernel.h"
#include <stdlib.h>
#include <string.h>

/* Margin of unit rows and |X'c| this close to zero show which samples combine to zero; the equations do the rest. */
static const double NEGLIGIBLE = 1e-12;
/* Of the equations: 2 GB. */
static const size_t MOST_ENTRIES = (size_t)1 << 28;

/* Least-norm corrections of c on its support S towards X_S'c = 0, sum c = 1. */
static biascope_status correct_dual(const bs_problem *problem, const bs_interior *point, double *c,
                                    biascope_error *error) {
  const size_t n = problem->x.rows, d = problem->x.columns;
  size_t *support = BS_NEW(size_t, n), count = 0;
  double *u = BS_NEW(double, bs_padded(d) + 1), *step = BS_NEW(double, n);
  bs_equations equations = {0};
  biascope_status status = support && u && step ? BIASCOPE_OK : bs_fail_memory(error, "the Farkas certificate");
  for (size_t i = 0; i < n && status == BIASCOPE_OK; i++) {
    /* s_i is of the order of 1 off the support: a strictly complementary w has x_i.w > 0 there (Tucker). */
    if (c[i] > point->s[i])
      support[count++] = i;
    else
      c[i] = 0.0;
  }
  if (count > MOST_ENTRIES / (d + 1)) count = 0; /* left as it is, which proves what it proves */
  if (status == BIASCOPE_OK && count > 0) {
    status = bs_equations_create(count, d + 1, &equations, error);
    for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) {
      bs_matrix_row(&problem->x, support[i], equations.a + i * (d + 1));
      equations.a[i * (d + 1) + d] = 1.0;
    }
    if (status == BIASCOPE_OK) status = bs_equations_factor(&equations, error);
  }
  for (int round = 0; round < 3 && status == BIASCOPE_OK && count > 0; round++) {
    bs_matrix_combine(&problem->x, c, u);
    double excess = -1.0;
    for (size_t i = 0; i < count; i++) excess += c[support[i]];
    u[d] = excess;
    memset(step, 0, n * sizeof *step);
    bs_equations_solve_transposed(&equations, u, step);
    for (size_t i = 0; i < count; i++) c[support[i]] -= step[i];
  }
  bs_equations_free(&equations);
  free(support);
  free(u);
  free(step);
  return status;
}

biascope_status bs_separate(bs_problem *problem, double *w, double *c, biascope_error *error) {
  const size_t n = problem->x.rows;
  bs_problem alike = *problem;
  bs_interior point;
  alike.norm.kind = BIASCOPE_LINF;
  alike.metric = NULL;
  alike.rho = BS_NEW(double, bs_padded(n));
  if (!alike.rho) return bs_fail_memory(error, "the separability problem");
  for (size_t i = 0; i < n; i++) alike.rho[i] = 1.0;
  biascope_status status = bs_interior_create(&alike, false, &point, error);
  if (status == BIASCOPE_OK) {
    point.least_width = NEGLIGIBLE;
    bs_interior_run(&point, 0.0, 200);
    memcpy(w, point.best_w, problem->x.columns * sizeof *w);
    memcpy(c, point.best_c, n * sizeof *c);
    if (!(point.best_margin > 0.0)) status = correct_dual(&alike, &point, c, error);
    bs_interior_free(&point);
  }
  free(alike.rho);
  return status;
}
