/* Singular values and vectors of small matrices of padded rows (lanes.h), by rotations of pairs of rows (one-sided
 * Jacobi: Demmel and Veselic, SIAM J. Matrix Anal. Appl. 13, 1992): accurate to a few roundings of each row, and the
 * same bits on every processor, which LAPACK's are not. */
#ifndef BIASCOPE_BASE_ROTATE_H
#define BIASCOPE_BASE_ROTATE_H

#include <stddef.h>

/* Replaces A (count rows, `padded` long) by Q A, whose rows are orthogonal: A = Q' S V', row i of Q A being s_i v_i'. Q
 * has count rows of bs_padded(count). singular: the count lengths s_i, in any order. Rows below 1e-16 of the longest
 * stay as they are. */
void bs_rotate_rows(size_t count, size_t padded, double *a, double *q, double *singular);

#endif
