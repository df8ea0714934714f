#include "margin/matrix_turn.h"

#include "base/memory.h"
#include "base/vector.h"
#include <stdlib.h>
#include <string.h>

biascope_status bs_matrix_turn_create(const bs_matrix *x, bs_matrix_turn *out, biascope_error *error) {
  const size_t k = x->classes, m = k - 1, d = x->features, widest = m > d ? m : d;
  *out = (bs_matrix_turn){.k = k, .m = m, .d = d, .least = m < d ? m : d, .samples = *x};
  out->samples.value = NULL;
  out->samples.stride = d;
  out->samples.dense = BS_NEW(double, x->samples *d);
  out->left = BS_NEW(double, m *m + 2 * d * d + widest + 2 * widest * widest + k * m);
  if (!out->samples.dense || !out->left) {
    bs_matrix_turn_free(out);
    return bs_fail_memory(error, "the singular vectors");
  }
  out->right = out->left + m * m;
  out->right_rows = out->right + d * d;
  out->singular = out->right_rows + d * d;
  out->copy = out->singular + widest;
  out->vectors = out->copy + widest * widest;
  out->basis = out->vectors + widest * widest;
  return BIASCOPE_OK;
}

void bs_matrix_turn_free(bs_matrix_turn *turn) {
  free(turn->samples.dense);
  free(turn->left);
  *turn = (bs_matrix_turn){0};
}

static void transpose(size_t rows, size_t columns, const double *from, double *to) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
}

/* rows, n x n, of which the first `count` are orthonormal: the others become so. */
static bs_dense_status complete(bs_matrix_turn *turn, size_t n, size_t count, double *rows) {
  if (count == n) return BS_DENSE_OK;
  memcpy(turn->copy, rows, count * n * sizeof *rows);
  const bs_dense_status status = bs_dense_right_vectors(count, n, turn->copy, turn->singular, turn->vectors);
  memcpy(rows + count * n, turn->vectors + count * n, (n - count) * n * sizeof *rows);
  return status;
}

/* V' in right_rows, U in left. */
static bs_dense_status decompose(bs_matrix_turn *turn, const double *a) {
  const size_t m = turn->m, d = turn->d, least = turn->least;
  memcpy(turn->copy, a, m * d * sizeof *a);
  bs_dense_status status = bs_dense_svd(m, d, turn->copy, turn->vectors, turn->singular, turn->right_rows);
  if (status != BS_DENSE_OK) return status;
  transpose(m, least, turn->vectors, turn->left);
  status = complete(turn, m, least, turn->left);
  if (status == BS_DENSE_OK) status = complete(turn, d, least, turn->right_rows);
  memcpy(turn->copy, turn->left, m * m * sizeof *turn->left);
  transpose(m, m, turn->copy, turn->left);
  transpose(d, d, turn->right_rows, turn->right);
  return status;
}

static void turn_samples(bs_matrix_turn *turn, const bs_matrix *x) {
  const size_t d = turn->d;
  if (x->dense) {
    bs_dense_multiply_abt(x->samples, d, d, 1.0, x->dense, turn->right_rows, turn->samples.dense, d);
    return;
  }
  memset(turn->samples.dense, 0, x->samples * d * sizeof *turn->samples.dense);
  for (size_t i = 0; i < x->samples; i++)
    for (size_t at = x->row_start[i]; at < x->row_start[i + 1]; at++)
      bs_axpy(d, x->value[at], turn->right + x->column[at] * d, turn->samples.dense + i * d);
}

bs_dense_status bs_matrix_turn_set(bs_matrix_turn *turn, const bs_matrix *x, const double *basis, const double *a) {
  const size_t m = turn->m;
  const bs_dense_status status = decompose(turn, a);
  if (status != BS_DENSE_OK) return status;
  turn_samples(turn, x);
  memset(turn->basis, 0, turn->k * m * sizeof *basis);
  for (size_t i = 0; i < turn->k; i++)
    for (size_t j = 0; j < m; j++) bs_axpy(m, basis[i * m + j], turn->left + j * m, turn->basis + i * m);
  return BS_DENSE_OK;
}

void bs_matrix_turn_forth(bs_matrix_turn *turn, const double *x, double *to) {
  const size_t m = turn->m, d = turn->d;
  bs_dense_multiply_atb(m, d, m, 1.0, turn->left, x, turn->copy);
  bs_dense_multiply_abt(m, d, d, 1.0, turn->copy, turn->right_rows, to, d);
}

void bs_matrix_turn_back(bs_matrix_turn *turn, const double *x, double *to) {
  const size_t m = turn->m, d = turn->d;
  bs_dense_multiply_abt(m, d, d, 1.0, x, turn->right, turn->copy, d);
  memset(to, 0, m * d * sizeof *to);
  for (size_t a = 0; a < m; a++)
    for (size_t b = 0; b < m; b++) bs_axpy(d, turn->left[a * m + b], turn->copy + b * d, to + a * d);
}
