/* An array whose length is not known in advance: blocks that never move and are joined at the end. While they are
 * joined, each block is freed as soon as it is copied, so that little more memory than that of the array is in use. */
#ifndef BIASCOPE_DATA_GROWTH_H
#define BIASCOPE_DATA_GROWTH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bs_growth_block bs_growth_block;

/* Initialise to zero except for `size`, that of an element. */
typedef struct {
  size_t size, count;
  bs_growth_block *first, *last;
} bs_growth;

/* Space for `count` more elements in one piece, uninitialised; NULL if out of memory, or if a large block would not fit
 * into the free memory. */
void *bs_growth_room(bs_growth *growth, size_t count);
/* The first `count` elements of the space that was returned last now belong to the array. */
void bs_growth_keep(bs_growth *growth, size_t count);
/* Appends one element; false if out of memory. */
bool bs_growth_append(bs_growth *growth, const void *element);
/* Returns the array, as bs_allocate does, with space for `room` more elements, and empties the growth; NULL if out of
 * memory, the growth unchanged. */
void *bs_growth_join(bs_growth *growth, size_t room);
void bs_growth_free(bs_growth *growth);

#endif
