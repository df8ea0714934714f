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

/* x_i . w */
double bs_row_dot(const biascope_dataset *data, size_t row, const double *w);
/* y += scale x_i */
void bs_row_axpy(const biascope_dataset *data, size_t row, double scale, double *y);
/* z = X w (N entries) */
void bs_margins(const biascope_dataset *data, const double *w, double *z);
/* u = X'c (d entries) */
void bs_combine(const biascope_dataset *data, const double *c, double *u);

#endif
