/* Norms of a matrix by its singular values, bounded from above in extended precision. */
#ifndef BIASCOPE_MARGIN_MATRIX_NORM_H
#define BIASCOPE_MARGIN_MATRIX_NORM_H

#include "base/error.h"

/* The largest singular value of a row-major matrix, and the sum of all: at least what they are, and more by rounding
 * alone. */
typedef struct {
  long double spectral, nuclear;
} bs_matrix_norms;

biascope_status bs_bound_matrix_norms(size_t rows, size_t columns, const long double *a, bs_matrix_norms *out,
                                      biascope_error *error);
/* The same of doubles; NaN where memory is lacking or singular values are not found. */
bs_matrix_norms bs_matrix_norms_of(size_t rows, size_t columns, const double *a);

#endif
