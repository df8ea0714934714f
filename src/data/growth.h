/* An array whose length is not known before its end: blocks that never move, joined in the end. While they are joined
 * each block is freed as soon as it is copied, so that little more than the array itself is ever held. */
#ifndef BIASCOPE_DATA_GROWTH_H
#define BIASCOPE_DATA_GROWTH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bs_growth_block bs_growth_block;

/* Zero-initialised but for `size`, an element's. */
typedef struct {
  size_t size, count;
  bs_growth_block *first, *last;
} bs_growth;

/* Room for `count` more elements in one piece, uninitialised; NULL where out of memory, or
 * where a large block would not fit into what is free of it. */
void *bs_growth_room(bs_growth *growth, size_t count);
/* The first `count` elements of the room that was handed out last are the array's from now on. */
void bs_growth_keep(bs_growth *growth, size_t count);
/* Appends one element; false where out of memory. */
bool bs_growth_append(bs_growth *growth, const void *element);
/* The array, as bs_allocate gives it out, and an empty growth; NULL where out of memory, and the growth as it was. */
void *bs_growth_join(bs_growth *growth);
void bs_growth_free(bs_growth *growth);

#endif
