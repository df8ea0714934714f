#include "base/memory.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t padded_bytes(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - BS_ALIGNMENT) return 0;
  return (bytes + BS_ALIGNMENT) / BS_ALIGNMENT * BS_ALIGNMENT;
}

/* A large array asks for pages of 2 MB: the processor finds the addresses of some thousand pages without delay. */
static void *allocate(size_t bytes) {
  const size_t LARGE = 1 << 23, LARGE_PAGE = 1 << 21;
  if (bytes < LARGE) return aligned_alloc(BS_ALIGNMENT, bytes);
  bytes = (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
  void *memory = aligned_alloc(LARGE_PAGE, bytes);
#ifdef MADV_HUGEPAGE
  if (memory) (void)madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void *bs_allocate(size_t count, size_t size) {
  const size_t bytes = padded_bytes(count, size);
  void *memory = bytes > 0 ? allocate(bytes) : NULL;
  if (memory) memset(memory, 0, bytes);
  return memory;
}

void *bs_allocate_unset(size_t count, size_t size) {
  const size_t bytes = padded_bytes(count, size);
  unsigned char *memory = bytes > 0 ? allocate(bytes) : NULL;
  if (memory) memset(memory + count * size, 0, bytes - count * size);
  return memory;
}

char *bs_copy_text(const char *text) {
  return strdup(text);
}

size_t bs_memory_free(void) {
  char text[1024] = "";
  const int descriptor = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return SIZE_MAX;
  const ssize_t count = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  static const char KEY[] = "MemAvailable:";
  const char *found = count > 0 ? strstr(text, KEY) : NULL;
  return found ? (size_t)strtoull(found + strlen(KEY), NULL, 10) << 10 : SIZE_MAX;
}

bool bs_arrays_allocate(size_t count, const bs_array *arrays) {
  bool complete = true;
  for (size_t i = 0; i < count; i++)
    complete = (*arrays[i].array = BS_NEW(double, arrays[i].length)) != NULL && complete;
  return complete;
}

void bs_arrays_free(size_t count, const bs_array *arrays) {
  for (size_t i = 0; i < count; i++) free(*arrays[i].array);
}
