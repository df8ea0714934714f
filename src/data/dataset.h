/* The inside of a dataset, for the folders that need the rows themselves. */
#ifndef BIASCOPE_DATA_DATASET_H
#define BIASCOPE_DATA_DATASET_H

#include "data/notes.h"

struct biascope_dataset {
  size_t samples, features;
  double *dense;     /* samples x features, row-major; NULL if sparse */
  size_t *row_start; /* CSR: samples + 1; NULL if dense */
  uint32_t *column;  /* CSR: ascending within a row */
  double *value;     /* CSR */
  char **name;       /* of each feature; NULL if the file has none */
  size_t classes;    /* the number of classes that the labels name; 0 if labels are folded in and have no names */
  char **class_name; /* ordered by number or, for names, by their bytes */
  size_t *class_samples;
  uint32_t *class;       /* of each sample; NULL if there are no classes */
  bool unfolded;         /* rows of several classes, as in the file */
  size_t positive;       /* else: the class that is +1 */
  double *shift, *scale; /* how the features were transformed, or NULL */
  double *mean;          /* what missing values became, or NULL */
  bool rows_scaled, intercept;
  bs_notes notes; /* what the reader found out */
};

/* Takes over `values` (samples x features, from BS_NEW) on success only. */
biascope_status bs_dataset_adopt_dense(size_t samples, size_t features, double *values, biascope_dataset **out,
                                       biascope_error *error);

/* The same for CSR arrays, which are checked. */
biascope_status bs_dataset_adopt_csr(size_t samples, size_t features, size_t *row_start, uint32_t *column,
                                     double *value, biascope_dataset **out, biascope_error *error);

/* A copy times 2^exponent, without names; without labels too, unless there are more than two classes. */
biascope_status bs_dataset_scale(const biascope_dataset *data, int exponent, biascope_dataset **out,
                                 biascope_error *error);

/* The number of rows of the matrix of weights: 1 if samples are folded, else one for each class. */
static inline size_t bs_outputs(const biascope_dataset *data) {
  return data->unfolded ? data->classes : 1;
}

/* BIASCOPE_USAGE if a sample has several rows. `what`, such as "limits are predicted", precedes "for two classes". */
biascope_status bs_require_two_classes(const biascope_dataset *data, const char *what, biascope_error *error);

/* The margin of a sample for weights outputs x features: x_i.w, or the least of (w_y - w_j).x_i over the classes j
 * other than its class y. */
double bs_margin_of_sample(const biascope_dataset *data, size_t sample, const double *w);

/* The entries of one row that are stored: all of a dense one, the nonzeros of a sparse one. */
typedef struct {
  size_t count;
  const double *value;
  const uint32_t *column; /* NULL if dense */
} bs_row;

static inline bs_row bs_row_of(const biascope_dataset *data, size_t i) {
  if (data->dense) return (bs_row){data->features, data->dense + i * data->features, NULL};
  const size_t first = data->row_start[i];
  return (bs_row){data->row_start[i + 1] - first, data->value + first, data->column + first};
}

static inline size_t bs_row_column(const bs_row *row, size_t at) {
  return row->column ? row->column[at] : at;
}

/* x_ik for k = 0, 1, 2, ... in turn, dense or sparse; *next starts at 0. */
double bs_row_walk(const biascope_dataset *data, size_t row, size_t k, size_t *next);
/* x_i . w */
double bs_row_dot(const biascope_dataset *data, size_t row, const double *w);
/* The largest of the rows' lengths: Euclidean, or the sum of absolute values. */
double bs_longest_row(const biascope_dataset *data, bool euclidean);
/* y += scale x_i */
void bs_row_axpy(const biascope_dataset *data, size_t row, double scale, double *y);
/* For qsort_r, of uint32_t numbers of rows; context: the dataset. A total order in which equal rows are neighbours. */
int bs_compare_rows(const void *a, const void *b, void *context);
/* u = X'c (d entries) */
void bs_combine(const biascope_dataset *data, const double *c, double *u);

#endif
