#include "base/error.h"

biascope_status biascope_dataset_read(const char *path, const biascope_read_options *options, biascope_dataset **out,
                                      biascope_error *error) {
  (void)options;
  *out = NULL;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no reader yet", path);
}
