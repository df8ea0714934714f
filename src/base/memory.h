/* Overflow-checked, cache-aligned, zeroed allocation, and copies of texts. Freed with free(). */
#ifndef BIASCOPE_BASE_MEMORY_H
#define BIASCOPE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

enum { BS_ALIGNMENT = 64 };

/* count * size zeroed bytes at a 64-byte boundary, padded to a multiple of 64 so that whole vectors may be loaded past
 * the end. NULL if out of memory or if the product overflows; never NULL for a count of 0. */
void *bs_allocate(size_t count, size_t size);
/* The same, but only the padding is zeroed: for arrays that are filled at once, so that no page is touched before. */
void *bs_allocate_unset(size_t count, size_t size);

/* A copy of the text; NULL if out of memory. */
char *bs_copy_text(const char *text);
/* Bytes that can be allocated before the system has to swap; SIZE_MAX if this is not known. */
size_t bs_memory_free(void);

#define BS_NEW(type, count) ((type *)bs_allocate((count), sizeof(type)))

/* Arrays of doubles that are allocated and freed together. */
typedef struct {
  double **array;
  size_t length;
} bs_array;
/* Sets every array; false if the memory does not suffice for all. */
bool bs_arrays_allocate(size_t count, const bs_array *arrays);
void bs_arrays_free(size_t count, const bs_array *arrays);

#endif
