#include "forecast/rows.h"

#include "base/clones.h"
#include <math.h>

/* Smaller squares divide as this one does. */
#define LEAST 1e-300

enum { LANES = 8 };

FASTEST_VOID(extern, bs_rows_products,
             (size_t count, size_t d, const double *restrict rows, const double *restrict w, double *restrict product),
             (count, d, rows, w, product)) {
  for (size_t i = 0; i < count; i++, rows += d) {
    double lane[LANES] = {0}, rest = 0.0;
    size_t k = 0;
    for (; k + LANES <= d; k += LANES)
      for (size_t l = 0; l < LANES; l++) lane[l] += rows[k + l] * w[k + l];
    for (; k < d; k++) rest += rows[k] * w[k];
    product[i] = ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7])) + rest;
  }
}

FASTEST_VOID(extern, bs_rows_combine,
             (size_t count, size_t d, const double *restrict scale, const double *restrict rows, double *restrict sum),
             (count, d, scale, rows, sum)) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4, rows += 4 * d) {
    const double *restrict a = rows, *restrict b = a + d, *restrict c = b + d, *restrict e = c + d;
    const double p = scale[i], q = scale[i + 1], r = scale[i + 2], s = scale[i + 3];
    for (size_t k = 0; k < d; k++) sum[k] += (p * a[k] + q * b[k]) + (r * c[k] + s * e[k]);
  }
  for (; i < count; i++, rows += d)
    for (size_t k = 0; k < d; k++) sum[k] += scale[i] * rows[k];
}

FASTEST_VOID(extern, bs_rows_add, (size_t d, double scale, const double *restrict row, double *restrict sum),
             (d, scale, row, sum)) {
  for (size_t k = 0; k < d; k++) sum[k] += scale * row[k];
}

FASTEST_VOID(extern, bs_rows_average,
             (size_t d, double kept, const double *restrict before, const double *restrict value,
              double *restrict average),
             (d, kept, before, value, average)) {
  const double present = 1.0 - kept;
  for (size_t k = 0; k < d; k++) average[k] = kept * before[k] + present * value[k];
}

FASTEST_VOID(extern, bs_rows_average_square,
             (size_t d, double kept, const double *restrict before, const double *restrict value,
              double *restrict average),
             (d, kept, before, value, average)) {
  const double present = 1.0 - kept;
  for (size_t k = 0; k < d; k++) average[k] = kept * before[k] + present * value[k] * value[k];
}

FASTEST_VOID(extern, bs_rows_sum_average_square,
             (size_t d, double kept, double share, const double *restrict value, double *restrict average,
              double *restrict sum),
             (d, kept, share, value, average, sum)) {
  const double present = 1.0 - kept;
  for (size_t k = 0; k < d; k++) {
    average[k] = kept * average[k] + present * value[k] * value[k];
    sum[k] += share * average[k];
  }
}

FASTEST_VOID(extern, bs_rows_add_square, (size_t d, double share, const double *restrict value, double *restrict sum),
             (d, share, value, sum)) {
  for (size_t k = 0; k < d; k++) sum[k] += share * value[k] * value[k];
}

FASTEST_VOID(extern, bs_rows_invert,
             (size_t d, double eps, const double *restrict scale, const double *restrict second,
              double *restrict inverse),
             (d, eps, scale, second, inverse)) {
  for (size_t k = 0; k < d; k++) {
    const double square = second ? scale[k] * second[k] : scale[k];
    inverse[k] = 1.0 / (sqrt(square > LEAST ? square : LEAST) + eps);
  }
}

FASTEST_VOID(extern, bs_rows_multiply,
             (size_t d, double share, const double *restrict a, const double *restrict b, double *restrict product,
              double *restrict sum),
             (d, share, a, b, product, sum)) {
  for (size_t k = 0; k < d; k++) {
    product[k] = a[k] * b[k];
    sum[k] += share * product[k];
  }
}

FASTEST_VOID(extern, bs_rows_largest, (size_t d, double scale, const double *restrict row, double *restrict largest),
             (d, scale, row, largest)) {
  for (size_t k = 0; k < d; k++) {
    const double size = scale * fabs(row[k]);
    largest[k] = size > largest[k] ? size : largest[k];
  }
}

FASTEST(extern, bool, bs_rows_exceed,
        (size_t d, double scale, const double *restrict row, const double *restrict bound), (d, scale, row, bound)) {
  double excess = 0.0;
  for (size_t k = 0; k < d; k++) excess += scale * fabs(row[k]) > bound[k] ? 1.0 : 0.0;
  return excess > 0.0;
}
