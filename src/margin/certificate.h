/* The pair (w, c) that proves a margin, evaluated on the caller's data in extended precision, minus and plus the bound
 * of the evaluation's rounding errors: min_i x_i.w / ||w||  <=  gamma*  <=  ||X'c||_dual  for every w and every c in
 * the simplex, x_i the rows of rows.h. */
#ifndef BIASCOPE_MARGIN_CERTIFICATE_H
#define BIASCOPE_MARGIN_CERTIFICATE_H

#include "margin/rows.h"

typedef struct {
  long double margin; /* min_i x_i.w / ||w||; 0 for w = 0 */
  double rounding;    /* by how much, relative to it, rounding the entries of w may change the margin */
  bool separates;     /* min_i x_i.w > 0 beyond the error of its evaluation */
} bs_primal_certificate;

bs_primal_certificate bs_certify_direction(const biascope_dataset *data, const biascope_norm *norm, const double *w);

typedef struct {
  long double bound; /* ||X'c||_dual / sum c */
  double rounding;   /* by how much, relative to it, rounding the entries of c may change the bound */
} bs_dual_certificate;

/* For c >= 0. u and size: scratch of as many as weights. */
bs_dual_certificate bs_certify_dual(const biascope_dataset *data, const biascope_norm *norm, const double *c,
                                    long double *u, long double *size);
/* u_k = sum_i c_i x_ik and size_k = sum_i c_i |x_ik| */
void bs_combination_and_size(const biascope_dataset *data, const double *c, long double *u, long double *size);
/* max_k |sum_i c_i x_ik| / sum_i c_i |x_ik|: the relative change of the data that makes X'c = 0 exact.
 * u and size: scratch of as many as weights. */
double bs_farkas_residual(const biascope_dataset *data, const double *c, long double *u, long double *size);

/* The gap asked for where the caller asks for none. */
#define BS_DEFAULT_GAP 1e-10
/* Counts the positive entries of out->dual. */
void bs_count_support(biascope_margin *out);
/* BIASCOPE_NOT_CONVERGED if out->gap is more than the tolerance. */
biascope_status bs_check_gap(const biascope_margin *out, double tolerance, biascope_error *error);

#endif
