/* The matrix of a solver: a scaled copy of the dataset, dense with padded rows or CSR, with the products that an
 * interior-point method needs. Small products use loops of this file, large ones BLAS. */
#ifndef BIASCOPE_MARGIN_MATRIX_H
#define BIASCOPE_MARGIN_MATRIX_H

#include "margin/rows.h"
#include <stdbool.h>

typedef struct {
  size_t rows, columns;
  size_t samples, features; /* the stored rows and columns; the same as rows and columns except for several classes */
  size_t stride;            /* dense: features, padded to a multiple of BS_LANES except for several classes */
  double *dense;            /* samples x stride; NULL where CSR */
  const size_t *row_start;  /* CSR structure, borrowed from the dataset */
  const uint32_t *column;
  double *value;            /* CSR values, owned */
  size_t classes;           /* k, where there are k - 1 rows for each sample; else 1 */
  const uint32_t *class_of; /* of each sample, borrowed; NULL for 1 */
  size_t *by_class;         /* the samples in the order of their classes */
  size_t *class_start;      /* where each class begins: classes + 1 */
  double *scores;           /* samples x classes: scratch of products */
} bs_matrix;

/* z = X w and u = X'c. Vectors have padded lengths (bs_padded), their padding zero. */
void bs_matrix_apply(const bs_matrix *x, const double *w, double *z);
void bs_matrix_combine(const bs_matrix *x, const double *c, double *u);

/* Writes row i, dense, to `row` (columns entries, zero before). */
void bs_matrix_row(const bs_matrix *x, size_t i, double *row);

bs_margin_row bs_matrix_row_of(const bs_matrix *x, size_t i);

/* Upper triangle of the rows x rows matrix X diag(weight) X'. */
void bs_matrix_sample_gram(const bs_matrix *x, const double *weight, double *scratch, double *gram, size_t order);
/* Upper triangle of the columns x columns matrix sum_i weight_i (x_i - shift_i centre)(x_i - shift_i centre)'. */
void bs_matrix_feature_gram(const bs_matrix *x, const double *weight, const double *shift, const double *centre,
                            double *scratch, double *gram, size_t order);
/* How many doubles of scratch they need. */
size_t bs_matrix_gram_scratch(const bs_matrix *x, bool by_sample);
/* Whether products of these dimensions are too small for a library call to be worth it. */
bool bs_small_product(size_t rows, size_t columns);

#endif
