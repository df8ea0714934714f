#include "margin/helmert.h"

#include "base/dense.h"
#include "base/vector.h"
#include <math.h>
#include <string.h>

void bs_helmert_fill(size_t k, double *basis) {
  const size_t m = k - 1;
  memset(basis, 0, k * m * sizeof *basis);
  for (size_t j = 0; j < m; j++) {
    const double root = sqrt((double)(j + 1) * (double)(j + 2));
    for (size_t i = 0; i <= j; i++) basis[i * m + j] = 1.0 / root;
    basis[(j + 1) * m + j] = -(double)(j + 1) / root;
  }
}

void bs_helmert_expand(size_t k, size_t d, const double *basis, const double *from, double *to) {
  const size_t m = k - 1;
  memset(to, 0, k * d * sizeof *to);
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < m; j++) bs_axpy(d, basis[i * m + j], from + j * d, to + i * d);
}

void bs_helmert_reduce(size_t k, size_t d, const double *basis, const double *from, double *to) {
  bs_dense_multiply_atb(k - 1, d, k, 1.0, basis, from, to);
}

/* Completes the lower triangle, in blocks that stay in the cache. */
static void mirror(size_t n, double *a) {
  enum { BLOCK = 64 };
  for (size_t first = 0; first < n; first += BLOCK)
    for (size_t row = first; row < n; row += BLOCK)
      for (size_t i = row; i < n && i < row + BLOCK; i++)
        for (size_t j = first; j < i && j < first + BLOCK; j++) a[i * n + j] = a[j * n + i];
}

void bs_helmert_reduce_gram(size_t k, size_t d, const double *basis, double *gram, double *scratch) {
  const size_t m = k - 1;
  mirror(k * d, gram);
  bs_dense_multiply_atb(m, d * k * d, k, 1.0, basis, gram, scratch);
  for (size_t row = 0; row < m * d; row++)
    bs_dense_multiply_atb(m, d, k, 1.0, basis, scratch + row * k * d, gram + row * m * d);
}
