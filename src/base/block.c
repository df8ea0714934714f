#include "base/block.h"

#include "base/lanes.h"

/* Rows of x whose products are kept in registers together. */
enum { TALL = 2 };

#define LANES 8
#include "base/block_loop.h"
#define LANES 4
#include "base/block_loop.h"
#define LANES 2
#include "base/block_loop.h"

INLINE const double *row_of(const double *x, const uint32_t *index, size_t i, size_t padded) {
  return x + (index ? index[i] : i) * padded;
}

INLINE void multiply_rows(size_t lanes, size_t padded, size_t tall, const double *const *x, size_t rows,
                          const double *w, double *product) {
  if (lanes == 8)
    multiply_rows_8(padded, tall, x, rows, w, product);
  else if (lanes == 4)
    multiply_rows_4(padded, tall, x, rows, w, product);
  else
    multiply_rows_2(padded, tall, x, rows, w, product);
}

FASTEST_VOID(extern, bs_block_products,
             (size_t padded, size_t count, const double *x, const uint32_t *index, size_t rows, const double *w,
              double *product),
             (padded, count, x, index, rows, w, product)) {
  size_t i = 0;
  for (; i + TALL <= count; i += TALL) {
    const double *const pair[TALL] = {row_of(x, index, i, padded), row_of(x, index, i + 1, padded)};
    multiply_rows(lanes, padded, TALL, pair, rows, w, product + i * rows);
  }
  if (i < count) {
    const double *const last[1] = {row_of(x, index, i, padded)};
    multiply_rows(lanes, padded, 1, last, rows, w, product + i * rows);
  }
}

/* So many rows of x are combined before the next ones are read: they stay in the cache for every row of g. */
enum { CHUNK = 32 };

FASTEST_VOID(extern, bs_block_combine,
             (size_t padded, size_t count, const double *x, const uint32_t *index, size_t rows, const double *scale,
              double *g),
             (padded, count, x, index, rows, scale, g)) {
  for (size_t first = 0; first < count; first += CHUNK) {
    const size_t height = count - first < CHUNK ? count - first : CHUNK;
    const double *row[CHUNK];
    for (size_t k = 0; k < padded; k += 2 * (size_t)BS_LANES) {
      const bool both = k + BS_LANES < padded;
      for (size_t i = 0; i < height; i++) row[i] = row_of(x, index, first + i, padded) + k;
      if (lanes == 8)
        combine_rows_8(padded, height, row, rows, scale + first, count, both, g + k);
      else if (lanes == 4)
        combine_rows_4(padded, height, row, rows, scale + first, count, both, g + k);
      else
        combine_rows_2(padded, height, row, rows, scale + first, count, both, g + k);
    }
  }
}
