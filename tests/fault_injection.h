/* Fails every allocation and every system call on files of a piece of work, one at a time.
 *
 * A program named tests/test_faults_<subject>.c is linked with --wrap for the functions below (tests/CMakeLists.txt),
 * so that every call from the library to one of them passes here. fault_sweep runs the work once for each such call
 * with that call failing, and asserts that the work fails cleanly: the right status, a message, nothing leaked. What
 * libc calls inside itself is not seen. */
#ifndef BIASCOPE_FAULT_INJECTION_H
#define BIASCOPE_FAULT_INJECTION_H

#include "biascope.h"
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka needs setjmp, stdarg and stddef first */
#include <cmocka.h>

enum { FAULT_WAY = 7 };

static struct {
  bool armed;      /* calls are counted, and the one numbered strike_at fails */
  bool dribble;    /* reads are interrupted every other time, and give one byte else */
  bool once_a_way; /* of the allocations by the same innermost calls only the first fails, of all pieces of work */
  size_t calls, strike_at, again, ways, ways_before;
  void *way[4096][FAULT_WAY];
  bool struck;
  biascope_status expected; /* of the work that was struck */
  long live;                /* blocks allocated and not freed, descriptors opened and not closed */
} fault;

/* Whether an allocation came the same way before: the innermost calls, without this function and the wrapper. */
static bool fault_seen(void) {
  void *way[FAULT_WAY + 2] = {NULL};
  const int length = backtrace(way, FAULT_WAY + 2);
  for (size_t n = 0; n < fault.ways; n++)
    if (memcmp(fault.way[n], way + 2, sizeof *fault.way) == 0) return true;
  assert_true(length > 2 && fault.ways < sizeof fault.way / sizeof *fault.way);
  memcpy(fault.way[fault.ways++], way + 2, sizeof *fault.way);
  return false;
}

static bool fault_strikes(biascope_status expected, int error_number) {
  if (!fault.armed || fault.calls++ != fault.strike_at) return false;
  fault.struck = true;
  fault.expected = expected;
  errno = error_number;
  return true;
}

#define FAULT_DECLARE(type, name, ...)                                                                                 \
  type __real_##name(__VA_ARGS__);                                                                                     \
  type __wrap_##name(__VA_ARGS__)

#define FAULT_ALLOCATION(call)                                                                                         \
  do {                                                                                                                 \
    const bool again = fault.armed && fault.once_a_way && fault_seen();                                                \
    fault.again += again;                                                                                              \
    if (!again && fault_strikes(BIASCOPE_NO_MEMORY, ENOMEM)) return NULL;                                              \
    void *block = (call);                                                                                              \
    fault.live += block != NULL;                                                                                       \
    return block;                                                                                                      \
  } while (0)

FAULT_DECLARE(void *, malloc, size_t size);
FAULT_DECLARE(void *, calloc, size_t count, size_t size);
FAULT_DECLARE(void *, aligned_alloc, size_t alignment, size_t size);
FAULT_DECLARE(void *, realloc, void *old, size_t size);
FAULT_DECLARE(char *, strdup, const char *text);
FAULT_DECLARE(void, free, void *block);

void *__wrap_malloc(size_t size) {
  FAULT_ALLOCATION(__real_malloc(size));
}
void *__wrap_calloc(size_t count, size_t size) {
  FAULT_ALLOCATION(__real_calloc(count, size));
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  FAULT_ALLOCATION(__real_aligned_alloc(alignment, size));
}
void *__wrap_realloc(void *old, size_t size) {
  if (!old) return __wrap_malloc(size);
  return fault_strikes(BIASCOPE_NO_MEMORY, ENOMEM) ? NULL : __real_realloc(old, size);
}
char *__wrap_strdup(const char *text) {
  FAULT_ALLOCATION(__real_strdup(text));
}
void __wrap_free(void *block) {
  fault.live -= block != NULL;
  __real_free(block);
}

FAULT_DECLARE(int, open, const char *path, int flags, ...);
FAULT_DECLARE(int, close, int descriptor);
FAULT_DECLARE(int, fstat, int descriptor, struct stat *properties);
FAULT_DECLARE(ssize_t, read, int descriptor, void *bytes, size_t count);
FAULT_DECLARE(FILE *, fdopen, int descriptor, const char *mode);
FAULT_DECLARE(int, fflush, FILE *stream);
FAULT_DECLARE(int, fsync, int descriptor);
FAULT_DECLARE(int, fclose, FILE *stream);
FAULT_DECLARE(int, rename, const char *old, const char *new);
FAULT_DECLARE(FILE *, open_memstream, char **text, size_t *size);
FAULT_DECLARE(FILE *, fmemopen, void *bytes, size_t size, const char *mode);

int __wrap_open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
  va_end(arguments);
  if (fault_strikes(BIASCOPE_BAD_INPUT, EMFILE)) return -1;
  const int descriptor = __real_open(path, flags, mode);
  fault.live += descriptor >= 0;
  return descriptor;
}
int __wrap_close(int descriptor) {
  fault.live--;
  return __real_close(descriptor);
}
int __wrap_fstat(int descriptor, struct stat *properties) {
  return fault_strikes(BIASCOPE_BAD_INPUT, EIO) ? -1 : __real_fstat(descriptor, properties);
}
ssize_t __wrap_read(int descriptor, void *bytes, size_t count) {
  static bool interrupted;
  if (fault_strikes(BIASCOPE_BAD_INPUT, EIO)) return -1;
  if (!fault.dribble) return __real_read(descriptor, bytes, count);
  interrupted = !interrupted;
  errno = EINTR;
  return interrupted ? -1 : __real_read(descriptor, bytes, count > 0);
}
/* A stream takes its descriptor over: what was counted for the one is the other's now. */
FILE *__wrap_fdopen(int descriptor, const char *mode) {
  return fault_strikes(BIASCOPE_BAD_INPUT, EMFILE) ? NULL : __real_fdopen(descriptor, mode);
}
int __wrap_fflush(FILE *stream) {
  return fault_strikes(BIASCOPE_BAD_INPUT, ENOSPC) ? EOF : __real_fflush(stream);
}
int __wrap_fsync(int descriptor) {
  return fault_strikes(BIASCOPE_BAD_INPUT, EIO) ? -1 : __real_fsync(descriptor);
}
/* Memory streams have no descriptor; what fails for them is memory. */
int __wrap_fclose(FILE *stream) {
  fault.live--;
  const bool strikes = fault_strikes(fileno(stream) < 0 ? BIASCOPE_NO_MEMORY : BIASCOPE_BAD_INPUT, EDQUOT);
  const int result = __real_fclose(stream); /* closes whether or not it fails */
  if (strikes) errno = EDQUOT;
  return strikes ? EOF : result;
}
int __wrap_rename(const char *old, const char *new) {
  return fault_strikes(BIASCOPE_BAD_INPUT, ENOSPC) ? -1 : __real_rename(old, new);
}

/* The stream, and the text that the caller frees. */
FILE *__wrap_open_memstream(char **text, size_t *size) {
  if (fault_strikes(BIASCOPE_NO_MEMORY, ENOMEM)) return NULL;
  FILE *stream = __real_open_memstream(text, size);
  fault.live += stream ? 2 : 0;
  return stream;
}
FILE *__wrap_fmemopen(void *bytes, size_t size, const char *mode) {
  if (fault_strikes(BIASCOPE_NO_MEMORY, ENOMEM)) return NULL;
  FILE *stream = __real_fmemopen(bytes, size, mode);
  fault.live += stream != NULL;
  return stream;
}

/* A piece of work that frees all it made. `after`, where not NULL, asserts what a failure must leave unchanged. */
typedef biascope_status fault_work(void *context, biascope_error *error);

/* Fails the calls in turn, and returns the work's number of fallible calls. */
static size_t fault_sweep(fault_work *work, void *context, void (*after)(void *context)) {
  for (size_t call = 0;; call++) {
    biascope_error error = {.message = ""};
    const long live = fault.live;
    fault.calls = fault.again = 0;
    fault.ways = fault.ways_before;
    fault.strike_at = call;
    fault.struck = false;
    fault.armed = true;
    const biascope_status status = work(context, &error);
    fault.armed = false;
    if (fault.live != live) fail_msg("failing call %zu leaks %ld blocks or descriptors", call, fault.live - live);
    if (!fault.struck) {
      if (status != BIASCOPE_OK) fail_msg("without a fault: %s", error.message);
      fault.ways_before = fault.ways;
      return call + fault.again;
    }
    if (status != fault.expected) fail_msg("failing call %zu gave status %d: %s", call, status, error.message);
    assert_int_equal(error.status, status);
    assert_true(strlen(error.message) > 0);
    if (after) after(context);
  }
}

#endif
