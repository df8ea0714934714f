/* The rows of the margins. Of two classes they are the samples, labels folded in. Of k > 2, sample x of class y has k -
 * 1 rows, those of (w_y - w_j).x for every other class j in turn, in the weights k x d, row-major: x at y and -x at j.
 * They are never stored. */
#ifndef BIASCOPE_MARGIN_ROWS_H
#define BIASCOPE_MARGIN_ROWS_H

#include "data/dataset.h"
#include "margin/norm.h"

/* A row: its stored entries at first[0] and, of several classes, their negatives at first[1]. */
typedef struct {
  size_t count;
  const double *value;
  const uint32_t *column; /* NULL where dense */
  size_t parts, first[2];
} bs_margin_row;

/* The classes of a row's sample. */
typedef struct {
  size_t sample, own, other;
} bs_pair;

static inline bs_pair bs_pair_of(size_t row, size_t classes, const uint32_t *class_of) {
  const size_t sample = row / (classes - 1), other = row % (classes - 1), own = class_of[sample];
  return (bs_pair){sample, own, other + (other >= own)};
}

static inline size_t bs_margin_column(const bs_margin_row *row, size_t part, size_t at) {
  return row->first[part] + (row->column ? row->column[at] : at);
}

static inline double bs_margin_value(const bs_margin_row *row, size_t part, size_t at) {
  return part ? -row->value[at] : row->value[at];
}

/* How many rows a sample has, how many there are in all, and how many weights, in which shape. */
size_t bs_rows_of_each(const biascope_dataset *data);
size_t bs_margin_rows(const biascope_dataset *data);
size_t bs_margin_weights(const biascope_dataset *data);
bs_shape bs_margin_shape(const biascope_dataset *data);
bs_margin_row bs_margin_row_of(const biascope_dataset *data, size_t row);
/* y += scale x, x the row. */
void bs_margin_row_axpy(const biascope_dataset *data, size_t row, double scale, double *y);
/* The margin of a row for the weights. */
double bs_margin_row_dot(const biascope_dataset *data, size_t row, const double *w);

#endif
