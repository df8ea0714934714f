/* Products of blocks of padded rows (lanes.h): wide vectors, the instruction set chosen at run time, the same bits on
 * every one of them (no fused multiply-adds, one order of summation). */
#ifndef BIASCOPE_BASE_BLOCK_H
#define BIASCOPE_BASE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

/* product[i * rows + j] = x_i . w_j for `count` rows of x, those that `index` names (NULL: the first ones), and `rows`
 * rows of w, all `padded` long. */
void bs_block_products(size_t padded, size_t count, const double *x, const uint32_t *index, size_t rows,
                       const double *w, double *product);
/* g_j += sum_i scale[j * count + i] x_i, summed in the order of i. */
void bs_block_combine(size_t padded, size_t count, const double *x, const uint32_t *index, size_t rows,
                      const double *scale, double *g);

#endif
