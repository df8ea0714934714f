/* The products of matrix.h for several classes: through the samples' features, which stand there once, in place of the
 * k - 1 rows of each sample. With s_ij = x_i.w_j, row (i, j) times w is s_iy - s_ij. */
#ifndef BIASCOPE_MARGIN_CLASS_MATRIX_H
#define BIASCOPE_MARGIN_CLASS_MATRIX_H

#include "margin/matrix.h"

void bs_class_apply(const bs_matrix *x, const double *w, double *z);
void bs_class_combine(const bs_matrix *x, const double *c, double *u);
void bs_class_sample_gram(const bs_matrix *x, const double *weight, double *scratch, double *gram, size_t order);
void bs_class_feature_gram(const bs_matrix *x, const double *weight, const double *shift, const double *centre,
                           double *scratch, double *gram, size_t order);
size_t bs_class_gram_scratch(const bs_matrix *x, bool by_sample);

#endif
