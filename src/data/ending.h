/* The endings of paths, which name formats. */
#ifndef BIASCOPE_DATA_ENDING_H
#define BIASCOPE_DATA_ENDING_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the first `length` characters of the path end so, in either case of letters, after something else. */
bool bs_ends_with(const char *path, size_t length, const char *ending);
/* The length of the path without the ending of a compression, such as .gz. */
size_t bs_length_uncompressed(const char *path);

#endif
