/* Small dense vector arithmetic for all folders. */
#ifndef BIASCOPE_BASE_VECTOR_H
#define BIASCOPE_BASE_VECTOR_H

#include <stddef.h>

double bs_dot(size_t n, const double *a, const double *b);
void bs_axpy(size_t n, double scale, const double *x, double *y); /* y += scale x */
void bs_scale(size_t n, double scale, double *x);
double bs_max_abs(size_t n, const double *x);
/* log sum exp(x_i) without overflow. */
double bs_log_sum_exp(size_t n, const double *x);
/* The Euclidean norm and the cosine, without overflow or underflow for entries from 1e-300 to 1e300. */
double bs_norm2(size_t n, const double *x);
/* In radians, from 0 to pi; pi / 2 if either vector is zero. Accurate to a few roundings for every angle, whereas the
 * arc cosine of a cosine resolves only angles above 1.5e-8 (Kahan, How futile are mindless assessments of roundoff,
 * 2006). */
double bs_angle(size_t n, const double *a, const double *b);
/* In [-1, 1]; 0 if either vector is zero. */
double bs_cosine(size_t n, const double *a, const double *b);

#endif
