/* Errors are values: a status for the program, a message for the person. */
#ifndef BIASCOPE_BASE_ERROR_H
#define BIASCOPE_BASE_ERROR_H

#include "biascope.h"

/* Fills `error` (which may be NULL) and returns `status`, so that callers write `return bs_fail(...)`. */
__attribute__((format(printf, 3, 4))) biascope_status bs_fail(biascope_error *error, biascope_status status,
                                                              const char *format, ...);
/* The out-of-memory error, naming what was being allocated. Here, so that an analyzer sees that it is never OK. */
static inline biascope_status bs_fail_memory(biascope_error *error, const char *what) {
  bs_fail(error, BIASCOPE_NO_MEMORY, "out of memory while allocating %s", what);
  return BIASCOPE_NO_MEMORY;
}

#endif
