/* The norms margins are measured in: each norm's value and its dual's, in extended precision. Those of matrices are
 * l2's where there is one row. */
#ifndef BIASCOPE_MARGIN_NORM_H
#define BIASCOPE_MARGIN_NORM_H

#include "base/error.h"

/* A usage error if p or the metric is out of its range, or if the norm is not defined for the classes of the data. */
biascope_status bs_norm_check(const biascope_norm *norm, const biascope_dataset *data, biascope_error *error);
/* Weights as a matrix, rows x columns; of one row for two classes. */
typedef struct {
  size_t rows, columns;
} bs_shape;

/* ||w||; of a norm of matrices at least that, by rounding, and NaN where memory is lacking. */
long double bs_norm_value(const biascope_norm *norm, bs_shape shape, const double *w);
/* ||u||_dual = max { u.w : ||w|| <= 1 }, likewise. */
long double bs_norm_dual_value(const biascope_norm *norm, bs_shape shape, const long double *u);
/* The most that the dual norm is of entries whose sizes are at most these. */
long double bs_norm_dual_most(const biascope_norm *norm, bs_shape shape, const long double *size);

#endif
