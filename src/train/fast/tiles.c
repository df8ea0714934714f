#include "train/fast/tiles.h"

#include "base/clones.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

enum {
  LANES = BS_TILE_LANES,
  LONGEST = 32, /* piece: longer ones are cut, so that a slice is never padded by more */
  LEAST_WIDTH = 1 << 12,
  MOST_WIDTH = 1 << 16,    /* what an index of 16 bits reaches */
  FAR = 160 * LANES,       /* entries that memory has the time to deliver to the second level of the cache, */
  NEAR = 8 * LANES,        /* and those that it delivers to the first: only that one can have many on their way */
  ENTRIES_A_TILE = 1 << 12 /* in a block: fewer are not worth a tile of their own */
};

typedef struct {
  uint32_t tile, length, row;
  size_t at; /* its first entry */
} piece;

/* By tile, the longest first, then as they stand. */
static int by_tile_and_length(const void *a, const void *b) {
  const piece *p = a, *q = b;
  if (p->tile != q->tile) return p->tile < q->tile ? -1 : 1;
  if (p->length != q->length) return p->length > q->length ? -1 : 1;
  return (p->at > q->at) - (p->at < q->at);
}

static size_t width_of(const bs_compressed *matrix) {
  const size_t wanted = matrix->start[matrix->rows] / BS_TILE_BLOCKS / ENTRIES_A_TILE; /* tiles */
  size_t width = LEAST_WIDTH;
  while (width < MOST_WIDTH && (matrix->columns + width - 1) / width > wanted) width *= 2;
  return width;
}

/* The pieces of rows first to end; returns their number, and writes them unless `out` is NULL. */
static size_t cut(const bs_compressed *matrix, size_t width, size_t first, size_t end, piece *out) {
  size_t count = 0;
  for (size_t row = first; row < end; row++) {
    size_t at = matrix->start[row];
    while (at < matrix->start[row + 1]) {
      const size_t tile = matrix->column[at] / width;
      size_t length = 1;
      while (length < LONGEST && at + length < matrix->start[row + 1] && matrix->column[at + length] / width == tile)
        length++;
      if (out) out[count] = (piece){(uint32_t)tile, (uint32_t)length, (uint32_t)row, at};
      count++;
      at += length;
    }
  }
  return count;
}

/* How many pieces from the first on make one slice: those of its tile, up to eight. */
static size_t gather(const piece *pieces, size_t count) {
  size_t lanes = 1;
  while (lanes < LANES && lanes < count && pieces[lanes].tile == pieces[0].tile) lanes++;
  return lanes;
}

/* Where the next slice goes. */
typedef struct {
  bs_tile_slice *slice;
  double *value;
  uint16_t *column;
} place;

static void lay_out_slice(const bs_compressed *matrix, size_t width, const piece *pieces, size_t lanes, place *to) {
  bs_tile_slice *slice = to->slice++;
  *slice = (bs_tile_slice){(uint32_t)(pieces[0].tile * width), pieces[0].length, {0}};
  for (size_t lane = 0; lane < LANES; lane++) {
    const piece *own = &pieces[lane < lanes ? lane : 0]; /* zeros added to any row will do */
    slice->row[lane] = own->row;
    for (size_t l = 0; l < own->length && lane < lanes; l++) {
      to->value[l * LANES + lane] = matrix->value[own->at + l];
      to->column[l * LANES + lane] = (uint16_t)(matrix->column[own->at + l] - slice->first_column);
    }
  }
  to->value += (size_t)LANES * slice->length;
  to->column += (size_t)LANES * slice->length;
}

/* Blocks of about as many entries each. */
static void split(bs_tiles *tiles, const bs_compressed *matrix) {
  const size_t entries = matrix->start[matrix->rows];
  size_t row = 0;
  for (size_t b = 0; b < BS_TILE_BLOCKS; b++) {
    const size_t target = entries / BS_TILE_BLOCKS * (b + 1);
    size_t end = b + 1 < BS_TILE_BLOCKS ? row : matrix->rows;
    while (end < matrix->rows && matrix->start[end] < target) end++;
    tiles->block[b].first_row = row;
    tiles->block[b].rows = end - row;
    row = end;
  }
}

/* The blocks' pieces in the order of their slices, count[b] of each; adds up what all slices and their entries are. */
static void sort(bs_tiles *tiles, const bs_compressed *matrix, size_t width, piece *pieces, size_t *count,
                 size_t *slices, size_t *entries) {
  for (size_t b = 0; b < BS_TILE_BLOCKS; pieces += count[b++]) {
    bs_tile_block *block = &tiles->block[b];
    count[b] = cut(matrix, width, block->first_row, block->first_row + block->rows, pieces);
    qsort(pieces, count[b], sizeof *pieces, by_tile_and_length);
    for (size_t first = 0; first < count[b]; first += gather(pieces + first, count[b] - first)) {
      *entries += (size_t)LANES * pieces[first].length;
      block->slices++;
    }
    *slices += block->slices;
  }
}

static bool fill(bs_tiles *tiles, const bs_compressed *matrix, size_t width, piece *pieces) {
  size_t count[BS_TILE_BLOCKS], slices = 0, entries = 0;
  sort(tiles, matrix, width, pieces, count, &slices, &entries);
  tiles->slice = BS_NEW(bs_tile_slice, slices);
  tiles->value = BS_NEW(double, entries);
  tiles->column = BS_NEW(uint16_t, entries);
  if (!tiles->slice || !tiles->value || !tiles->column) return false;
  place to = {tiles->slice, tiles->value, tiles->column};
  for (size_t b = 0; b < BS_TILE_BLOCKS; b++) {
    bs_tile_block *block = &tiles->block[b];
    block->slice = to.slice;
    block->value = to.value;
    block->column = to.column;
    const piece *end = pieces + count[b];
    for (size_t lanes; pieces < end; pieces += lanes) {
      lanes = gather(pieces, (size_t)(end - pieces));
      lay_out_slice(matrix, width, pieces, lanes, &to);
    }
  }
  return true;
}

biascope_status bs_tiles_create(bs_tiles *tiles, const bs_compressed *matrix, biascope_error *error) {
  const size_t width = width_of(matrix);
  *tiles = (bs_tiles){0};
  split(tiles, matrix);
  piece *pieces = BS_NEW(piece, cut(matrix, width, 0, matrix->rows, NULL));
  const bool complete = pieces && fill(tiles, matrix, width, pieces);
  free(pieces);
  if (complete) return BIASCOPE_OK;
  bs_tiles_free(tiles);
  return bs_fail_memory(error, "the tiles of sparse data");
}

static void transpose(const bs_compressed *matrix, size_t *start, uint32_t *column, double *value) {
  const size_t entries = matrix->start[matrix->rows];
  for (size_t at = 0; at < entries; at++) start[matrix->column[at] + 1]++;
  for (size_t k = 0; k < matrix->columns; k++) start[k + 1] += start[k];
  for (size_t row = 0; row < matrix->rows; row++) {
    for (size_t at = matrix->start[row]; at < matrix->start[row + 1]; at++) {
      const size_t to = start[matrix->column[at]]++;
      column[to] = (uint32_t)row;
      value[to] = matrix->value[at];
    }
  }
  memmove(start + 1, start, matrix->columns * sizeof *start); /* each is where the next one starts by now */
  start[0] = 0;
}

biascope_status bs_tiles_create_transposed(bs_tiles *tiles, const bs_compressed *matrix, biascope_error *error) {
  const size_t entries = matrix->start[matrix->rows];
  size_t *start = BS_NEW(size_t, matrix->columns + 1);
  uint32_t *column = BS_NEW(uint32_t, entries);
  double *value = BS_NEW(double, entries);
  biascope_status status;
  *tiles = (bs_tiles){0};
  if (start && column && value) {
    transpose(matrix, start, column, value);
    status = bs_tiles_create(tiles, &(bs_compressed){matrix->columns, matrix->rows, start, column, value}, error);
  } else {
    status = bs_fail_memory(error, "the transposed data");
  }
  free(start);
  free(column);
  free(value);
  return status;
}

void bs_tiles_free(bs_tiles *tiles) {
  free(tiles->slice);
  free(tiles->value);
  free(tiles->column);
  *tiles = (bs_tiles){0};
}

typedef double half __attribute__((vector_size(32))); /* of the lanes: wider vectors of single loads gain nothing */

INLINE half load(const double *from) {
  half value;
  memcpy(&value, __builtin_assume_aligned(from, 32), sizeof value);
  return value;
}

INLINE half pick(const double *x, const uint16_t *at) {
  return (half){x[at[0]], x[at[1]], x[at[2]], x[at[3]]};
}

FASTEST_VOID(extern, bs_tiles_multiply, (const bs_tile_block *block, const double *x, double *z), (block, x, z)) {
  const double *value = block->value;
  const uint16_t *column = block->column;
  memset(z + block->first_row, 0, block->rows * sizeof *z);
  for (size_t s = 0; s < block->slices; s++) {
    const bs_tile_slice *slice = &block->slice[s];
    const double *part = x + slice->first_column;
    half low = {0}, high = {0};
    for (uint32_t l = 0; l < slice->length; l++) {
      __builtin_prefetch(value + FAR, 0,
                         2); /* the picks between hide the streams from the processor's own prefetching */
      __builtin_prefetch(column + FAR, 0, 2);
      __builtin_prefetch(value + NEAR);
      low += load(value) * pick(part, column);
      high += load(value + LANES / 2) * pick(part, column + LANES / 2);
      value += LANES;
      column += LANES;
    }
    for (size_t lane = 0; lane < LANES / 2; lane++) z[slice->row[lane]] += low[lane];
    for (size_t lane = 0; lane < LANES / 2; lane++) z[slice->row[lane + LANES / 2]] += high[lane];
  }
}
