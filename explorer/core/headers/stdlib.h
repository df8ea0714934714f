/* emscripten's C library has no qsort_r; core/sort.c has it. */
#ifndef EXPLORER_STDLIB_H
#define EXPLORER_STDLIB_H
#include_next <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif
void qsort_r(void *items, size_t count, size_t size, int (*compare)(const void *, const void *, void *), void *context);
#ifdef __cplusplus
}
#endif

#endif
