/* Small dense vector arithmetic shared by every floor. */
#ifndef BIASCOPE_BASE_VECTOR_H
#define BIASCOPE_BASE_VECTOR_H

#include <stddef.h>

double bs_dot(size_t n, const double *a, const double *b);
void bs_axpy(size_t n, double scale, const double *x, double *y); /* y += scale x */
void bs_scale(size_t n, double scale, double *x);
double bs_max_abs(size_t n, const double *x);
/* Euclidean norm and cosine without overflow or underflow for entries from 1e-300 to 1e300. */
double bs_norm2(size_t n, const double *x);
/* In radians, from 0 to pi; pi / 2 where either vector is zero. Good to a few roundings at any size, where the arc
 * cosine of a cosine knows small angles to 1.5e-8 only (Kahan, How futile are mindless assessments of roundoff, 2006).
 */
double bs_angle(size_t n, const double *a, const double *b);
/* In [-1, 1]; 0 where either vector is zero. */
double bs_cosine(size_t n, const double *a, const double *b);

#endif
