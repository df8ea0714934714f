#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

biascope_status bs_fail(biascope_error *error, biascope_status status, const char *format, ...) {
  if (error) {
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return status;
}

const char *biascope_version(void) {
  return BIASCOPE_VERSION;
}
