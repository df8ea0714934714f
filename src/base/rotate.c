#include "base/rotate.h"

#include "base/lanes.h"
#include "base/padded.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MOST_SWEEPS = 60 };
/* Rows are orthogonal where the cosine of their angle is at most this, and negligible where they are that much shorter
 * than the longest one. */
static const double ORTHOGONAL = 0x1p-51, NEGLIGIBLE = 1e-16;

/* x := c x - s y, y := s x + c y */
FASTEST_VOID(static, turn_rows, (size_t padded, double c, double s, double *x, double *y), (padded, c, s, x, y)) {
  for (size_t k = 0; k < padded; k += BS_LANES) {
    const bs_vector first = bs_load(x + k), second = bs_load(y + k);
    bs_store(x + k, bs_all(c) * first - bs_all(s) * second);
    bs_store(y + k, bs_all(s) * first + bs_all(c) * second);
  }
}

typedef struct {
  size_t count, padded;
  double *a, *q;
  double *square; /* of each row's length */
  double least;   /* of a row that is not negligible */
} rotation;

static void measure(rotation *r) {
  double largest = 0.0;
  for (size_t i = 0; i < r->count; i++) {
    const double *row = r->a + i * r->padded;
    r->square[i] = bs_padded_dot(r->padded, row, row);
    largest = fmax(largest, r->square[i]);
  }
  r->least = NEGLIGIBLE * NEGLIGIBLE * largest;
}

/* Makes rows i and j orthogonal; returns whether they were not. */
static bool rotate_pair(const rotation *r, size_t i, size_t j) {
  double *x = r->a + i * r->padded, *y = r->a + j * r->padded, *square = r->square;
  if (!(square[i] > r->least && square[j] > r->least)) return false;
  const double product = bs_padded_dot(r->padded, x, y);
  if (fabs(product) <= ORTHOGONAL * sqrt(square[i]) * sqrt(square[j])) return false;
  const double zeta = (square[j] - square[i]) / (2.0 * product), size = fabs(zeta);
  const double steep = size > 0x1p500 ? 0.5 / size : 1.0 / (size + sqrt(1.0 + zeta * zeta));
  const double tangent = zeta < 0.0 ? -steep : steep, c = 1.0 / sqrt(1.0 + tangent * tangent), s = c * tangent;
  const size_t wide = bs_padded(r->count);
  turn_rows(r->padded, c, s, x, y);
  turn_rows(wide, c, s, r->q + i * wide, r->q + j * wide);
  square[i] = fmax(0.0, square[i] - tangent * product);
  square[j] += tangent * product;
  return true;
}

void bs_rotate_rows(size_t count, size_t padded, double *a, double *q, double *singular) {
  rotation r = {.count = count, .padded = padded, .a = a, .q = q, .square = singular};
  const size_t wide = bs_padded(count);
  memset(q, 0, count * wide * sizeof *q);
  for (size_t i = 0; i < count; i++) q[i * wide + i] = 1.0;
  bool rotated = true;
  for (int sweep = 0; sweep < MOST_SWEEPS && rotated; sweep++) {
    rotated = false;
    measure(&r);
    for (size_t i = 0; i + 1 < count; i++)
      for (size_t j = i + 1; j < count; j++) rotated = rotate_pair(&r, i, j) || rotated;
  }
  measure(&r);
  for (size_t i = 0; i < count; i++) singular[i] = sqrt(singular[i]);
}
