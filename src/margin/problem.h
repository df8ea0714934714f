/* The problem in the solver's units: rows and (Mahalanobis) columns scaled by powers of two, which is exact, so that
 * data of any magnitude and rows of very different norms look alike to the linear algebra.
 *   maximise t  subject to  x_i.w - t rho_i >= 0,  ||w|| <= 1;   dual: minimise ||X'c||_dual, rho.c = 1, c >= 0. */
#ifndef BIASCOPE_MARGIN_PROBLEM_H
#define BIASCOPE_MARGIN_PROBLEM_H

#include "margin/matrix.h"

typedef struct {
  biascope_norm norm; /* with the scaled metric */
  bs_matrix x;
  double *row_scale; /* N: row i times 2^-exponent_i, relative to the smallest row's; a power of two, at most 1 */
  double *rho;       /* N: row_scale, but not below what rounding x_i.w costs, so that x_i.w >= t rho_i is positive */
  double *metric;    /* d: Mahalanobis only */
  int *column_exponent; /* d: w_k is 2^column_exponent times the scaled w_k; Mahalanobis only */
} bs_problem;

biascope_status bs_problem_create(const biascope_dataset *data, const biascope_norm *norm, bs_problem *out,
                                  biascope_error *error);
void bs_problem_free(bs_problem *problem);
/* From solver's units to the caller's: w scaled to norm 1, c to sum 1. */
void bs_problem_export(const bs_problem *problem, const double *w, const double *c, double *direction, double *dual);
/* Index of a zero sample, which no w separates, or the number of samples. */
size_t bs_zero_sample(const biascope_dataset *data);

#endif
