#include "margin/matrix.h"

#include "base/dense.h"
#include "margin/class_matrix.h"
#include "margin/kernel.h"
#include <math.h>
#include <string.h>

/* Rows scaled, centred and multiplied at a time by feature. */
enum { BS_BLOCK = 512 };

size_t bs_matrix_gram_scratch(const bs_matrix *x, bool by_sample) {
  const size_t stride = bs_padded(x->columns);
  if (x->classes > 1) return bs_class_gram_scratch(x, by_sample);
  if (bs_small_product(x->rows, x->columns)) return stride;
  if (by_sample) return x->dense ? (x->rows + 1) * stride : stride;
  return (x->rows < BS_BLOCK ? x->rows : BS_BLOCK) * stride;
}

bool bs_small_product(size_t rows, size_t columns) {
  return rows * columns <= 4096;
}

void bs_matrix_apply(const bs_matrix *x, const double *w, double *z) {
  if (x->classes > 1) {
    bs_class_apply(x, w, z);
  } else if (!x->dense) {
    for (size_t i = 0; i < x->rows; i++) {
      double sum = 0.0;
      for (size_t k = x->row_start[i]; k < x->row_start[i + 1]; k++) sum += x->value[k] * w[x->column[k]];
      z[i] = sum;
    }
  } else if (bs_small_product(x->rows, x->columns)) {
    for (size_t i = 0; i < x->rows; i++) z[i] = bs_padded_dot(x->stride, x->dense + i * x->stride, w);
  } else {
    bs_dense_apply(x->rows, x->columns, 1.0, x->dense, x->stride, w, 0.0, z);
  }
}

void bs_matrix_combine(const bs_matrix *x, const double *c, double *u) {
  if (x->classes > 1) {
    bs_class_combine(x, c, u);
    return;
  }
  memset(u, 0, bs_padded(x->columns) * sizeof *u);
  if (!x->dense) {
    for (size_t i = 0; i < x->rows; i++) {
      for (size_t k = x->row_start[i]; k < x->row_start[i + 1]; k++) u[x->column[k]] += c[i] * x->value[k];
    }
  } else if (bs_small_product(x->rows, x->columns)) {
    for (size_t i = 0; i < x->rows; i++) bs_padded_axpy(x->stride, c[i], x->dense + i * x->stride, u);
  } else {
    bs_dense_combine(x->rows, x->columns, 1.0, x->dense, x->stride, c, u);
  }
}

void bs_matrix_row(const bs_matrix *x, size_t i, double *row) {
  const bs_margin_row entries = bs_matrix_row_of(x, i);
  for (size_t part = 0; part < entries.parts; part++)
    for (size_t at = 0; at < entries.count; at++)
      row[bs_margin_column(&entries, part, at)] = bs_margin_value(&entries, part, at);
}

bs_margin_row bs_matrix_row_of(const bs_matrix *x, size_t i) {
  const bool several = x->classes > 1;
  const bs_pair pair = several ? bs_pair_of(i, x->classes, x->class_of) : (bs_pair){i, 0, 0};
  bs_margin_row row = {.parts = several ? 2 : 1, .first = {pair.own * x->features, pair.other * x->features}};
  if (x->dense) {
    row.count = x->features;
    row.value = x->dense + pair.sample * x->stride;
  } else {
    const size_t start = x->row_start[pair.sample];
    row.count = x->row_start[pair.sample + 1] - start;
    row.column = x->column + start;
    row.value = x->value + start;
  }
  return row;
}

/* Sparse: row i is scattered, weighted, and met by every later row. */
static void sparse_sample_gram(const bs_matrix *x, const double *weight, double *scattered, double *gram,
                               size_t order) {
  memset(scattered, 0, x->columns * sizeof *scattered);
  for (size_t i = 0; i < x->rows; i++) {
    for (size_t k = x->row_start[i]; k < x->row_start[i + 1]; k++)
      scattered[x->column[k]] = weight[x->column[k]] * x->value[k];
    for (size_t j = i; j < x->rows; j++) {
      double sum = 0.0;
      for (size_t k = x->row_start[j]; k < x->row_start[j + 1]; k++) sum += x->value[k] * scattered[x->column[k]];
      gram[i * order + j] = sum;
    }
    for (size_t k = x->row_start[i]; k < x->row_start[i + 1]; k++) scattered[x->column[k]] = 0.0;
  }
}

void bs_matrix_sample_gram(const bs_matrix *x, const double *weight, double *scratch, double *gram, size_t order) {
  const size_t n = x->rows, stride = x->stride;
  if (x->classes > 1) {
    bs_class_sample_gram(x, weight, scratch, gram, order);
    return;
  }
  if (!x->dense) {
    sparse_sample_gram(x, weight, scratch, gram, order);
    return;
  }
  if (bs_small_product(n, x->columns)) {
    for (size_t i = 0; i < n; i++) {
      const double *row = x->dense + i * stride;
      for (size_t k = 0; k < stride; k += BS_LANES) bs_store(scratch + k, bs_load(row + k) * bs_load(weight + k));
      for (size_t j = i; j < n; j++) gram[i * order + j] = bs_padded_dot(stride, scratch, x->dense + j * stride);
    }
    return;
  }
  double *root = scratch + n * stride;
  for (size_t k = 0; k < stride; k++) root[k] = sqrt(weight[k]);
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < stride; k++) scratch[i * stride + k] = x->dense[i * stride + k] * root[k];
  }
  bs_dense_row_gram(n, x->columns, scratch, stride, gram, order);
}

/* row = root (x_i - shift centre), padding zero. */
static void centred_row(const bs_matrix *x, size_t i, double root, double shift, const double *centre, double *row) {
  const double *values = x->dense ? x->dense + i * x->stride : row;
  if (!x->dense) {
    memset(row, 0, x->stride * sizeof *row);
    bs_matrix_row(x, i, row);
  }
  for (size_t k = 0; k < x->stride; k++) row[k] = values[k] * root - root * shift * centre[k];
}

void bs_matrix_feature_gram(const bs_matrix *x, const double *weight, const double *shift, const double *centre,
                            double *scratch, double *gram, size_t order) {
  const size_t n = x->rows, d = x->columns;
  const bool small = bs_small_product(n, d);
  if (x->classes > 1) {
    bs_class_feature_gram(x, weight, shift, centre, scratch, gram, order);
    return;
  }
  for (size_t k = 0; k < d; k++) memset(gram + k * order, 0, order * sizeof *gram);
  for (size_t first = 0; first < n; first += BS_BLOCK) {
    const size_t count = n - first < BS_BLOCK ? n - first : BS_BLOCK;
    for (size_t i = 0; i < count; i++) {
      double *row = scratch + (small ? 0 : i * x->stride);
      centred_row(x, first + i, sqrt(weight[first + i]), shift[first + i], centre, row);
      for (size_t k = 0; k < d && small; k++) {
        const size_t start = k / BS_LANES * BS_LANES;
        bs_padded_axpy(order - start, row[k], row + start, gram + k * order + start);
      }
    }
    if (!small) bs_dense_add_column_gram(d, count, scratch, x->stride, gram, order);
  }
}
