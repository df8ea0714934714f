/* The dual of the nuclear norm, made exact: c's support S and the rank q of W are known, and the q largest singular
 * values of G are equal at the solution. With U and V their vectors, to first order
 *   U'(G + dG)V + its transpose = 2 tau I,    rho.dc = 1 - rho.c,    dc_r = c_r delta_r for r in S,
 * q (q + 1) / 2 + 1 equations in delta and tau, of which the shortest solution is taken. */
#include "base/memory.h"
#include "base/vector.h"
#include "margin/equations.h"
#include "margin/matrix_interior.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Newton's method doubles the digits; the equations are those of small matrices. */
enum { ROUNDS = 4, MOST_EQUATIONS = 1500 };

/* The column of row r: c_r times the symmetric part of U' A_r V, and c_r rho_r. */
static void fill_column(const bs_matrix_interior *run, size_t r, size_t rank, size_t column, bs_equations *equations) {
  const bs_matrix *x = &run->problem->x;
  const bs_pair pair = bs_pair_of(r, x->classes, x->class_of);
  const double *own = run->turn.basis + pair.own * run->m, *other = run->turn.basis + pair.other * run->m;
  const double *sample = run->turn.samples.dense + pair.sample * run->d;
  size_t row = 0;
  for (size_t a = 0; a < rank; a++) {
    for (size_t f = a; f < rank; f++) {
      const double product = (own[a] - other[a]) * sample[f] + (own[f] - other[f]) * sample[a];
      equations->a[row++ * equations->columns + column] = 0.5 * run->c[r] * product;
    }
  }
  equations->a[row * equations->columns + column] = run->c[r] * run->problem->rho[r];
}

/* delta, and how much tau changes from G's largest singular value, in `step` (zero before). */
static biascope_status solve(bs_matrix_interior *run, size_t rank, size_t support, double *step,
                             biascope_error *error) {
  const size_t rows = rank * (rank + 1) / 2 + 1;
  bs_equations equations;
  double *right = BS_NEW(double, rows);
  biascope_status status = bs_equations_create(rows, support + 1, &equations, error);
  if (status == BIASCOPE_OK && !right) status = bs_fail_memory(error, "the equations of the dual");
  if (status == BIASCOPE_OK) {
    for (size_t r = 0, column = 0; r < run->n; r++)
      if (run->c[r] > 0.0) fill_column(run, r, rank, column++, &equations);
    for (size_t a = 0, row = 0; a < rank; row += rank - a++) {
      equations.a[row * equations.columns + support] = -1.0;
      right[row] = run->of_g[0] - run->of_g[a];
    }
    right[rows - 1] = 1.0 - run->total;
    status = bs_equations_factor(&equations, error);
  }
  if (status == BIASCOPE_OK) bs_equations_solve(&equations, right, step);
  bs_equations_free(&equations);
  free(right);
  return status;
}

static biascope_status improve(bs_matrix_interior *run, size_t rank, double *step, biascope_error *error) {
  size_t support = 0;
  for (size_t r = 0; r < run->n; r++) support += run->c[r] > 0.0;
  const bs_dense_status turned = bs_matrix_turn_set(&run->turn, &run->problem->x, run->basis, run->g);
  if (turned == BS_DENSE_NO_MEMORY) return bs_fail_memory(error, "the singular vectors");
  if (turned != BS_DENSE_OK) return BIASCOPE_OK;
  memset(step, 0, (support + 1) * sizeof *step);
  const biascope_status status = solve(run, rank, support, step, error);
  if (status != BIASCOPE_OK) return status;
  for (size_t r = 0, column = 0; r < run->n; r++)
    if (run->c[r] > 0.0) run->c[r] *= fmax(1.0 + step[column++], 0.5);
  return bs_matrix_interior_evaluate(run, error);
}

biascope_status bs_polish_nuclear(bs_matrix_interior *run, biascope_error *error) {
  const size_t rank = run->best_margin > 0.0 ? bs_matrix_rank(run) : 0;
  biascope_status status = BIASCOPE_OK;
  if (rank == 0 || rank * (rank + 1) / 2 >= MOST_EQUATIONS) return status;
  double *step = BS_NEW(double, run->n + 1);
  if (!step) return bs_fail_memory(error, "the equations of the dual");
  for (int round = 0; round < ROUNDS && status == BIASCOPE_OK; round++) status = improve(run, rank, step, error);
  free(step);
  return status == BIASCOPE_OK ? bs_matrix_interior_take_best(run, error) : status;
}
