/* The dataset's inside, for the floors above that need the rows themselves. */
#ifndef BIASCOPE_DATA_DATASET_H
#define BIASCOPE_DATA_DATASET_H

#include "base/error.h"

struct biascope_dataset {
  size_t samples, features;
  double *dense;     /* samples x features, row-major; NULL where sparse */
  size_t *row_start; /* CSR: samples + 1; NULL where dense */
  uint32_t *column;  /* CSR: ascending within a row */
  double *value;     /* CSR */
};

/* Takes over `values` (samples x features, from BS_NEW) on success only. */
biascope_status bs_dataset_adopt_dense(size_t samples, size_t features, double *values, biascope_dataset **out,
                                       biascope_error *error);

/* x_ik for k = 0, 1, 2, ... in turn, dense or sparse; *next starts at 0. */
double bs_row_walk(const biascope_dataset *data, size_t row, size_t k, size_t *next);
/* x_i . w */
double bs_row_dot(const biascope_dataset *data, size_t row, const double *w);
/* y += scale x_i */
void bs_row_axpy(const biascope_dataset *data, size_t row, double scale, double *y);
/* z = X w (N entries) */
void bs_margins(const biascope_dataset *data, const double *w, double *z);
/* u = X'c (d entries) */
void bs_combine(const biascope_dataset *data, const double *c, double *u);

#endif
