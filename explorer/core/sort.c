/* qsort_r as the GNU C library has it: a merge sort, so that equal items keep their order there and here. */
#include <stdlib.h>
#include <string.h>

typedef struct {
  size_t size;
  int (*compare)(const void *, const void *, void *);
  void *context;
} order;

/* Moves the last of `count` items, of which the others are sorted, to its place, through a buffer of one item. */
static void insert(char *items, size_t count, char *buffer, const order *by) {
  size_t at = count - 1;
  memcpy(buffer, items + at * by->size, by->size);
  for (; at > 0 && by->compare(items + (at - 1) * by->size, buffer, by->context) > 0; at--)
    memcpy(items + at * by->size, items + (at - 1) * by->size, by->size);
  memcpy(items + at * by->size, buffer, by->size);
}

/* Sorts with a buffer of as many items. */
static void sort(char *items, size_t count, char *buffer, const order *by) {
  if (count < 2) return;
  const size_t half = count / 2, size = by->size;
  char *right = items + half * size;
  sort(items, half, buffer, by);
  sort(right, count - half, buffer, by);
  memcpy(buffer, items, half * size);
  size_t i = 0, j = half, to = 0;
  for (; i < half && j < count; to++) {
    const int from_right = by->compare(buffer + i * size, items + j * size, by->context) > 0;
    memcpy(items + to * size, from_right ? items + j++ * size : buffer + i++ * size, size);
  }
  memcpy(items + to * size, buffer + i * size, (half - i) * size);
}

void qsort_r(void *items, size_t count, size_t size, int (*compare)(const void *, const void *, void *),
             void *context) {
  const order by = {size, compare, context};
  char *buffer = malloc(count * size + 1);
  if (buffer) {
    sort(items, count, buffer, &by);
    free(buffer);
    return;
  }
  char one[256]; /* without memory: one item after the other; the library sorts indices and small structs */
  if (size > sizeof one) abort();
  for (size_t n = 2; n <= count; n++) insert(items, n, one, &by);
}
