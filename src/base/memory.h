/* Overflow-checked, cache-aligned, zeroed allocation, and copies of texts. Freed with free(). */
#ifndef BIASCOPE_BASE_MEMORY_H
#define BIASCOPE_BASE_MEMORY_H

#include <stddef.h>

enum { BS_ALIGNMENT = 64 };

/* count * size zeroed bytes at a 64-byte boundary, padded to a multiple of 64 so that whole vectors may be
 * loaded past the end; NULL where out of memory or the product overflows. Never NULL for a count of 0. */
void *bs_allocate(size_t count, size_t size);
/* The same, but only the padding is zeroed: for what is filled at once, so that no page is touched before. */
void *bs_allocate_unset(size_t count, size_t size);

/* A copy of the text; NULL where out of memory. */
char *bs_copy_text(const char *text);
/* Bytes that can be allocated without anything being moved out of memory; SIZE_MAX where that is not known. */
size_t bs_memory_free(void);

#define BS_NEW(type, count) ((type *)bs_allocate((count), sizeof(type)))

#endif
