/* The loops of base/block.h for vectors of LANES doubles: included once for each width, without a guard. A vector that
 * is wider than the instruction set's own would be kept in memory. */
#define BS_PASTE(name, lanes) name##_##lanes
#define BS_OF_LANES(name, lanes) BS_PASTE(name, lanes)
#define OF(name) BS_OF_LANES(name, LANES)
/* Rows of w whose products, or of g whose sums, are kept in registers together. */
#define WIDE (LANES / 2)
#define VECTOR OF(block_vector)

typedef double VECTOR __attribute__((vector_size(LANES * sizeof(double)), may_alias));

INLINE VECTOR OF(load)(const double *from) {
  return *(const VECTOR *)__builtin_assume_aligned(from, LANES * sizeof(double));
}

/* ---- Products ------------------------------------------------------------------------------------- */

INLINE double OF(fold)(const VECTOR *sum) {
#if LANES == 8
  return bs_sum(sum[0]);
#elif LANES == 4
  return bs_sum_of_four(sum[0] + sum[1]);
#else
  return bs_sum_of_two((sum[0] + sum[2]) + (sum[1] + sum[3]));
#endif
}

INLINE void OF(multiply)(size_t padded, size_t tall, const double *const *x, size_t wide, const double *w, size_t rows,
                         double *product) {
  enum { PARTS = BS_LANES / LANES };
  VECTOR sum[TALL][WIDE][PARTS];
  UNROLLED
  for (size_t i = 0; i < tall; i++) UNROLLED
  for (size_t j = 0; j < wide; j++) UNROLLED
  for (size_t r = 0; r < PARTS; r++) sum[i][j][r] = (VECTOR){0.0};
  for (size_t k = 0; k < padded; k += BS_LANES) {
    UNROLLED
    for (size_t i = 0; i < tall; i++) UNROLLED
    for (size_t j = 0; j < wide; j++) UNROLLED
    for (size_t r = 0; r < PARTS; r++)
      sum[i][j][r] += OF(load)(x[i] + k + r * LANES) * OF(load)(w + j * padded + k + r * LANES);
  }
  UNROLLED
  for (size_t i = 0; i < tall; i++) UNROLLED
  for (size_t j = 0; j < wide; j++) product[i * rows + j] = OF(fold)(sum[i][j]);
}

INLINE void OF(multiply_rows)(size_t padded, size_t tall, const double *const *x, size_t rows, const double *w,
                              double *product) {
  size_t j = 0;
  for (; j + WIDE <= rows; j += WIDE) OF(multiply)(padded, tall, x, WIDE, w + j * padded, rows, product + j);
#if LANES == 8
  for (; j + 2 <= rows; j += 2) OF(multiply)(padded, tall, x, 2, w + j * padded, rows, product + j);
#endif
  for (; j < rows; j++) OF(multiply)(padded, tall, x, 1, w + j * padded, rows, product + j);
}

/* ---- Combinations --------------------------------------------------------------------------------- */

/* `wide` rows of g, `vectors` vectors of each. */
INLINE void OF(combine)(size_t padded, size_t count, const double *const *x, size_t wide, const double *scale,
                        size_t stride, size_t vectors, double *g) {
  VECTOR sum[WIDE][2 * BS_LANES / LANES];
  UNROLLED
  for (size_t j = 0; j < wide; j++) UNROLLED
  for (size_t v = 0; v < vectors; v++) sum[j][v] = OF(load)(g + j * padded + v * LANES);
  for (size_t i = 0; i < count; i++) {
    UNROLLED
    for (size_t j = 0; j < wide; j++) UNROLLED
    for (size_t v = 0; v < vectors; v++) sum[j][v] += scale[j * stride + i] * OF(load)(x[i] + v * LANES);
  }
  UNROLLED
  for (size_t j = 0; j < wide; j++) UNROLLED
  for (size_t v = 0; v < vectors; v++) *(VECTOR *)(g + j * padded + v * LANES) = sum[j][v];
}

/* Two times BS_LANES columns, or as many as one. */
INLINE void OF(combine_columns)(size_t padded, size_t count, const double *const *x, size_t wide, const double *scale,
                                size_t stride, bool both, double *g) {
  const size_t vectors = BS_LANES / LANES;
  if (both)
    OF(combine)(padded, count, x, wide, scale, stride, 2 * vectors, g);
  else
    OF(combine)(padded, count, x, wide, scale, stride, vectors, g);
}

INLINE void OF(combine_rows)(size_t padded, size_t count, const double *const *x, size_t rows, const double *scale,
                             size_t stride, bool both, double *g) {
  size_t j = 0;
  for (; j + WIDE <= rows; j += WIDE)
    OF(combine_columns)(padded, count, x, WIDE, scale + j * stride, stride, both, g + j * padded);
#if LANES == 8
  for (; j + 2 <= rows; j += 2)
    OF(combine_columns)(padded, count, x, 2, scale + j * stride, stride, both, g + j * padded);
#endif
  for (; j < rows; j++) OF(combine_columns)(padded, count, x, 1, scale + j * stride, stride, both, g + j * padded);
}

#undef BS_PASTE
#undef BS_OF_LANES
#undef OF
#undef WIDE
#undef VECTOR
#undef LANES
