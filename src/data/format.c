/* Which format a path names, by its ending. */
#include "data/formats.h"

#include "base/file.h"
#include <string.h>
#include <strings.h>

static const struct {
  const char *ending;
  biascope_status (*read)(const char *, const biascope_read_options *, biascope_dataset **, biascope_error *);
  void (*write)(const biascope_dataset *, FILE *);
} FORMATS[] = {
    {".csv", bs_read_csv, bs_write_csv},
    {".svm", bs_read_libsvm, bs_write_libsvm},
    {".libsvm", bs_read_libsvm, bs_write_libsvm},
    {".npy", bs_read_npy, bs_write_npy},
};

/* Index into FORMATS, or -1. */
static int format_of(const char *path) {
  const size_t length = strlen(path);
  for (int i = 0; i < (int)(sizeof FORMATS / sizeof FORMATS[0]); i++) {
    const size_t ending = strlen(FORMATS[i].ending);
    if (length > ending && !strcasecmp(path + length - ending, FORMATS[i].ending)) return i;
  }
  return -1;
}

static biascope_status fail_ending(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: unknown file ending; expected .csv, .svm, .libsvm or .npy", path);
}

biascope_status biascope_dataset_read(const char *path, const biascope_read_options *options, biascope_dataset **out,
                                      biascope_error *error) {
  static const biascope_read_options DEFAULTS = {0};
  *out = NULL;
  const int format = format_of(path);
  if (format < 0) return fail_ending(path, error);
  if (!options) options = &DEFAULTS;
  if (options->label_column && FORMATS[format].read != bs_read_csv)
    return bs_fail(error, BIASCOPE_USAGE, "%s: a label column can be named for .csv files only", path);
  return FORMATS[format].read(path, options, out, error);
}

biascope_status biascope_dataset_write(const biascope_dataset *data, const char *path, biascope_error *error) {
  const int format = format_of(path);
  if (format < 0) return fail_ending(path, error);
  bs_output_file file;
  const biascope_status status = bs_output_open(&file, path, error);
  if (status != BIASCOPE_OK) return status;
  FORMATS[format].write(data, file.stream);
  return bs_output_commit(&file, error);
}
