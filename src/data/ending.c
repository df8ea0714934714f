#include "data/ending.h"

#include <string.h>
#include <strings.h>

static const char *const COMPRESSIONS[] = {".gz", ".bz2", ".xz", ".zst"};

bool bs_ends_with(const char *path, size_t length, const char *ending) {
  const size_t tail = strlen(ending);
  return length > tail && !strncasecmp(path + length - tail, ending, tail);
}

size_t bs_length_uncompressed(const char *path) {
  const size_t length = strlen(path);
  for (size_t i = 0; i < sizeof COMPRESSIONS / sizeof COMPRESSIONS[0]; i++)
    if (bs_ends_with(path, length, COMPRESSIONS[i])) return length - strlen(COMPRESSIONS[i]);
  return length;
}
