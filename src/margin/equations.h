/* Both sides of a linear system at once: the least-norm least-squares solutions of A y = b and A'x = e. */
#ifndef BIASCOPE_MARGIN_EQUATIONS_H
#define BIASCOPE_MARGIN_EQUATIONS_H

#include "base/error.h"

/* Singular values below this fraction of the largest count as zero. */
#define BS_RANK_TOLERANCE 1e-10

typedef struct {
  size_t rows, columns, rank;
  double *a;  /* rows x columns, row-major, filled by the caller before factoring */
  double *lu; /* square and well conditioned: the LU factors */
  int *pivot;
  double *work;                    /* rows, where square */
  double *left, *singular, *right; /* otherwise: the singular value decomposition */
} bs_equations;

biascope_status bs_equations_create(size_t rows, size_t columns, bs_equations *out, biascope_error *error);
void bs_equations_free(bs_equations *equations);
biascope_status bs_equations_factor(bs_equations *equations, biascope_error *error);
/* y (columns) += A^+ b (rows), and x (rows) += A'^+ e (columns). */
void bs_equations_solve(const bs_equations *equations, const double *b, double *y);
void bs_equations_solve_transposed(const bs_equations *equations, const double *e, double *x);

#endif
