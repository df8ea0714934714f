#include "base/block.h"

#include "base/lanes.h"

/* Rows of x and of w whose products are kept in registers together. */
enum { TALL = 2, WIDE = 4 };

INLINE const double *row_of(const double *x, const uint32_t *index, size_t i, size_t padded) {
  return x + (index ? index[i] : i) * padded;
}

/* ---- Products ------------------------------------------------------------------------------------- */

INLINE void multiply(size_t padded, size_t tall, const double *const *x, size_t wide, const double *w, size_t rows,
                     double *product) {
  bs_vector sum[TALL][WIDE];
  UNROLLED
  for (size_t i = 0; i < tall; i++) UNROLLED
  for (size_t j = 0; j < wide; j++) sum[i][j] = bs_all(0.0);
  for (size_t k = 0; k < padded; k += BS_LANES) {
    UNROLLED
    for (size_t i = 0; i < tall; i++) UNROLLED
    for (size_t j = 0; j < wide; j++) sum[i][j] += bs_load(x[i] + k) * bs_load(w + j * padded + k);
  }
  for (size_t i = 0; i < tall; i++)
    for (size_t j = 0; j < wide; j++) product[i * rows + j] = bs_sum(sum[i][j]);
}

INLINE void multiply_rows(size_t padded, size_t tall, const double *const *x, size_t rows, const double *w,
                          double *product) {
  size_t j = 0;
  for (; j + WIDE <= rows; j += WIDE) multiply(padded, tall, x, WIDE, w + j * padded, rows, product + j);
  for (; j + 2 <= rows; j += 2) multiply(padded, tall, x, 2, w + j * padded, rows, product + j);
  if (j < rows) multiply(padded, tall, x, 1, w + j * padded, rows, product + j);
}

FASTEST_VOID(extern, bs_block_products,
             (size_t padded, size_t count, const double *x, const uint32_t *index, size_t rows, const double *w,
              double *product),
             (padded, count, x, index, rows, w, product)) {
  size_t i = 0;
  for (; i + TALL <= count; i += TALL) {
    const double *const pair[TALL] = {row_of(x, index, i, padded), row_of(x, index, i + 1, padded)};
    multiply_rows(padded, TALL, pair, rows, w, product + i * rows);
  }
  if (i < count) {
    const double *const last[1] = {row_of(x, index, i, padded)};
    multiply_rows(padded, 1, last, rows, w, product + i * rows);
  }
}

/* ---- Combinations --------------------------------------------------------------------------------- */

/* So many rows of x are combined before the next ones are read: they stay in the cache for every row of g. */
enum { CHUNK = 32 };

/* `wide` rows of g, `vectors` vectors of each. */
INLINE void combine(size_t padded, size_t count, const double *const *x, size_t wide, const double *scale,
                    size_t stride, size_t vectors, double *g) {
  bs_vector sum[WIDE][2];
  UNROLLED
  for (size_t j = 0; j < wide; j++) UNROLLED
  for (size_t v = 0; v < vectors; v++) sum[j][v] = bs_load(g + j * padded + v * BS_LANES);
  for (size_t i = 0; i < count; i++) {
    UNROLLED
    for (size_t j = 0; j < wide; j++) UNROLLED
    for (size_t v = 0; v < vectors; v++) sum[j][v] += bs_all(scale[j * stride + i]) * bs_load(x[i] + v * BS_LANES);
  }
  UNROLLED
  for (size_t j = 0; j < wide; j++) UNROLLED
  for (size_t v = 0; v < vectors; v++) bs_store(g + j * padded + v * BS_LANES, sum[j][v]);
}

INLINE void combine_rows(size_t padded, size_t count, const double *const *x, size_t rows, const double *scale,
                         size_t stride, size_t vectors, double *g) {
  size_t j = 0;
  for (; j + WIDE <= rows; j += WIDE)
    combine(padded, count, x, WIDE, scale + j * stride, stride, vectors, g + j * padded);
  for (; j < rows; j++) combine(padded, count, x, 1, scale + j * stride, stride, vectors, g + j * padded);
}

FASTEST_VOID(extern, bs_block_combine,
             (size_t padded, size_t count, const double *x, const uint32_t *index, size_t rows, const double *scale,
              double *g),
             (padded, count, x, index, rows, scale, g)) {
  for (size_t first = 0; first < count; first += CHUNK) {
    const size_t height = count - first < CHUNK ? count - first : CHUNK;
    const double *row[CHUNK];
    for (size_t k = 0; k < padded; k += 2 * (size_t)BS_LANES) {
      for (size_t i = 0; i < height; i++) row[i] = row_of(x, index, first + i, padded) + k;
      if (k + BS_LANES < padded)
        combine_rows(padded, height, row, rows, scale + first, count, 2, g + k);
      else
        combine_rows(padded, height, row, rows, scale + first, count, 1, g + k);
    }
  }
}
