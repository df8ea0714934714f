#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *bs_allocate(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - BS_ALIGNMENT) return NULL;
  bytes = (bytes + BS_ALIGNMENT) / BS_ALIGNMENT * BS_ALIGNMENT;
  void *memory = aligned_alloc(BS_ALIGNMENT, bytes);
  if (memory) memset(memory, 0, bytes);
  return memory;
}
