#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

void bs_error_set(biascope_error *error, biascope_status status, const char *format, ...) {
  if (!error) return;
  error->status = status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
}

const char *biascope_version(void) {
  return BIASCOPE_VERSION;
}
