/* Errors are values: a status for the program, a message for the person. */
#ifndef BIASCOPE_BASE_ERROR_H
#define BIASCOPE_BASE_ERROR_H

#include "biascope.h"

/* Fills `error`, which may be NULL. */
__attribute__((format(printf, 3, 4))) void bs_error_set(biascope_error *error, biascope_status status,
                                                        const char *format, ...);
/* The same, with the value `status`, so that callers write `return bs_fail(...)`. It is a macro so that an analyzer
 * sees the status and knows that it is not OK. */
#define bs_fail(error, status, ...) (bs_error_set(error, status, __VA_ARGS__), (status))

/* The out-of-memory error, which names what was being allocated. It is inline for the same reason. */
static inline biascope_status bs_fail_memory(biascope_error *error, const char *what) {
  return bs_fail(error, BIASCOPE_NO_MEMORY, "out of memory while allocating %s", what);
}

#endif
