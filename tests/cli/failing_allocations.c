/* Preloaded into the program: the BIASCOPE_FAULT-th allocation after main begins fails, whoever asks for it; the number
 * of allocations is written to the file BIASCOPE_FAULT_COUNT at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long calls;
static long strike_at;
static bool armed;

static bool strikes(void) {
  if (!armed || atomic_fetch_add(&calls, 1) + 1 != strike_at) return false;
  errno = ENOMEM;
  return true;
}

void *malloc(size_t size) {
  return strikes() ? NULL : __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  return strikes() ? NULL : __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
  return strikes() ? NULL : __libc_realloc(old, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  return strikes() ? NULL : __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
  void *block = strikes() ? NULL : __libc_memalign(alignment, size);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

static void write_count(void) {
  armed = false;
  const char *path = getenv("BIASCOPE_FAULT_COUNT");
  char text[32];
  const int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&calls));
  const int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
  if (file < 0) return;
  if (write(file, text, (size_t)length) != length) abort();
  close(file);
}

typedef int main_function(int argc, char **argv, char **environment);
static main_function *real_main;

static int counted_main(int argc, char **argv, char **environment) {
  const char *number = getenv("BIASCOPE_FAULT");
  strike_at = number ? atol(number) : 0;
  if (atexit(write_count) != 0 || unsetenv("LD_PRELOAD") != 0) abort(); /* gnuplot goes undisturbed */
  armed = true;
  return real_main(argc, argv, environment);
}

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
  int (*start)(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *) = NULL;
  void *found = dlsym(RTLD_NEXT, "__libc_start_main");
  memcpy(&start, &found, sizeof start);
  real_main = main;
  return start(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
