/* Loops over padded arrays (lanes.h): wide vectors, the instruction set chosen at run time, the same bits on every one
 * of them (no fused multiply-adds, one order of summation). */
#ifndef BIASCOPE_BASE_PADDED_H
#define BIASCOPE_BASE_PADDED_H

#include <stddef.h>

/* sum_k x_k w_k, eight strided sums in a fixed tree. */
double bs_padded_dot(size_t padded, const double *x, const double *w);
/* The same of `count` pairs of arrays. */
void bs_padded_dots(size_t padded, size_t count, const double *const *x, const double *const *w, double *dot);
/* g = scale x, zeros without a sign: what adding to zeros gives */
void bs_padded_scale(size_t padded, double scale, const double *x, double *g);
/* g += scale x */
void bs_padded_add(size_t padded, double scale, const double *x, double *g);
/* The same of four arrays, one after the other. */
void bs_padded_add_four(size_t padded, const double scale[4], const double *const x[4], double *g);
/* v += (scale x)^2 */
void bs_padded_add_square(size_t padded, double scale, const double *x, double *v);

#endif
