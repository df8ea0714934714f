/* A sparse matrix laid out for z = A x at the speed of memory.
 *
 * What bounds a product over rows is not the matrix but its random accesses to x beyond the first-level cache. So
 * columns are cut into tiles whose part of x stays there, and the rows' pieces within a tile are multiplied eight at a
 * time, in order of length, each in a lane of its own: no row ends early, and none waits for its sum. Row i's sum is
 * that of its pieces in the order of columns, whatever the instruction set; blocks of rows may be multiplied by
 * different threads. */
#ifndef BIASCOPE_TRAIN_FAST_TILES_H
#define BIASCOPE_TRAIN_FAST_TILES_H

#include "base/error.h"

/* Compressed rows that others own. */
typedef struct {
  size_t rows, columns;
  const size_t *start; /* rows + 1 */
  const uint32_t *column;
  const double *value;
} bs_compressed;

enum { BS_TILE_LANES = 8, BS_TILE_BLOCKS = 16 };

/* Eight pieces of rows within one tile, padded to one length with zeros. */
typedef struct {
  uint32_t first_column, length;
  uint32_t row[BS_TILE_LANES];
} bs_tile_slice;

typedef struct {
  size_t first_row, rows;
  size_t slices;
  const bs_tile_slice *slice;
  const double *value;    /* slice after slice, the lanes side by side */
  const uint16_t *column; /* beyond the slice's first */
} bs_tile_block;

typedef struct {
  bs_tile_block block[BS_TILE_BLOCKS]; /* of about as many entries each */
  bs_tile_slice *slice;                /* what the blocks point into */
  double *value;
  uint16_t *column;
} bs_tiles;

biascope_status bs_tiles_create(bs_tiles *tiles, const bs_compressed *matrix, biascope_error *error);
/* The same of the matrix's transpose. */
biascope_status bs_tiles_create_transposed(bs_tiles *tiles, const bs_compressed *matrix, biascope_error *error);
void bs_tiles_free(bs_tiles *tiles);
/* z_i = sum_j a_ij x_j over the rows i of one block. */
void bs_tiles_multiply(const bs_tile_block *block, const double *x, double *z);

#endif
