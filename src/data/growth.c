#include "data/growth.h"

#include "base/memory.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double in size up to one that the allocator returns to the system at once when it is freed. */
enum { SMALLEST_BLOCK = 1 << 12, LARGEST_BLOCK = (32 << 20) + (1 << 16) };

struct bs_growth_block {
  bs_growth_block *next;
  size_t used, room; /* elements */
  alignas(max_align_t) unsigned char bytes[];
};

void *bs_growth_room(bs_growth *growth, size_t count) {
  bs_growth_block *last = growth->last;
  if (last && last->room - last->used >= count) return last->bytes + last->used * growth->size;
  size_t room = last ? 2 * last->room : SMALLEST_BLOCK / growth->size, bytes;
  if (room * growth->size > LARGEST_BLOCK) room = LARGEST_BLOCK / growth->size;
  if (room < count) room = count;
  if (__builtin_mul_overflow(room, growth->size, &bytes) || bytes > SIZE_MAX / 2) return NULL;
  if (bytes >= LARGEST_BLOCK - growth->size && bytes > bs_memory_free()) return NULL; /* rather than swap */
  bs_growth_block *block = malloc(sizeof *block + bytes);
  if (!block) return NULL;
  block->next = NULL;
  block->used = 0;
  block->room = room;
  if (last)
    last->next = block;
  else
    growth->first = block;
  growth->last = block;
  return block->bytes;
}

void bs_growth_keep(bs_growth *growth, size_t count) {
  growth->last->used += count;
  growth->count += count;
}

bool bs_growth_append(bs_growth *growth, const void *element) {
  void *room = bs_growth_room(growth, 1);
  if (!room) return false;
  memcpy(room, element, growth->size);
  bs_growth_keep(growth, 1);
  return true;
}

void *bs_growth_join(bs_growth *growth, size_t room) {
  unsigned char *array = bs_allocate_unset(growth->count + room, growth->size);
  if (!array) return NULL;
  unsigned char *at = array;
  for (bs_growth_block *block = growth->first; block;) {
    bs_growth_block *next = block->next;
    memcpy(at, block->bytes, block->used * growth->size);
    at += block->used * growth->size;
    free(block);
    block = next;
  }
  *growth = (bs_growth){.size = growth->size};
  return array;
}

void bs_growth_free(bs_growth *growth) {
  for (bs_growth_block *block = growth->first; block;) {
    bs_growth_block *next = block->next;
    free(block);
    block = next;
  }
  *growth = (bs_growth){.size = growth->size};
}
