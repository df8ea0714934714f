/* Rows of d numbers in the loops of the averaged equation. No two arguments of a call overlap. */
#ifndef BIASCOPE_FORECAST_ROWS_H
#define BIASCOPE_FORECAST_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* product_i = row_i . w */
void bs_rows_products(size_t count, size_t d, const double *rows, const double *w, double *product);
/* sum += scale_i row_i over all rows */
void bs_rows_combine(size_t count, size_t d, const double *scale, const double *rows, double *sum);
/* sum += scale row */
void bs_rows_add(size_t d, double scale, const double *row, double *sum);
/* average <- kept before + (1 - kept) value */
void bs_rows_average(size_t d, double kept, const double *before, const double *value, double *average);
/* The same of the value's square. */
void bs_rows_average_square(size_t d, double kept, const double *before, const double *value, double *average);
/* The same in place, and sum += share average. */
void bs_rows_sum_average_square(size_t d, double kept, double share, const double *value, double *average, double *sum);
/* sum += share value^2 */
void bs_rows_add_square(size_t d, double share, const double *value, double *sum);
/* inverse <- 1 / (sqrt(scale second) + eps); second NULL: ones */
void bs_rows_invert(size_t d, double eps, const double *scale, const double *second, double *inverse);
/* product <- a b, and sum += share product */
void bs_rows_multiply(size_t d, double share, const double *a, const double *b, double *product, double *sum);
/* largest <- max(largest, scale |row|) */
void bs_rows_largest(size_t d, double scale, const double *row, double *largest);
/* Whether scale |row_k| > bound_k for some k. */
bool bs_rows_exceed(size_t d, double scale, const double *row, const double *bound);

#endif
