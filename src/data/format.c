/* Which format a path names, by its ending. */
#include "base/file.h"
#include "data/formats.h"

#include <string.h>
#include <strings.h>

typedef struct {
  const char *ending;
  bs_format_reader *read;
  bs_format_writer *write;
} file_format;

static const file_format FORMATS[] = {
    {".csv", bs_csv_read, bs_csv_write},
    {".svm", bs_libsvm_read, bs_libsvm_write},
    {".libsvm", bs_libsvm_read, bs_libsvm_write},
    {".npy", bs_npy_read, bs_npy_write},
};

static const file_format *format_of(const char *path, biascope_error *error) {
  const size_t length = strlen(path);
  for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
    const size_t ending = strlen(FORMATS[i].ending);
    if (length > ending && !strcasecmp(path + length - ending, FORMATS[i].ending)) return &FORMATS[i];
  }
  bs_error_set(error, BIASCOPE_BAD_INPUT, "%s: unknown file ending; expected .csv, .svm, .libsvm or .npy", path);
  return NULL;
}

biascope_status biascope_dataset_read(const char *path, const biascope_read_options *options, biascope_dataset **out,
                                      biascope_error *error) {
  static const biascope_read_options DEFAULTS = {0};
  *out = NULL;
  if (!options) options = &DEFAULTS;
  const file_format *format = format_of(path, error);
  if (!format) return BIASCOPE_BAD_INPUT;
  if (options->label_column && format->read != bs_csv_read)
    return bs_fail(error, BIASCOPE_USAGE, "%s: a label column ('%s') can be named for .csv files only", path,
                   options->label_column);
  bs_text text;
  biascope_status status = bs_text_load(&text, path, error);
  if (status != BIASCOPE_OK) return status;
  status = format->read(&text, options, out, error);
  bs_text_free(&text);
  return status;
}

biascope_status biascope_dataset_write(const biascope_dataset *data, const char *path, biascope_error *error) {
  const file_format *format = format_of(path, error);
  if (!format) return BIASCOPE_BAD_INPUT;
  const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c_locale) return bs_fail_memory(error, "the C locale");
  bs_output_file file;
  biascope_status status = bs_output_open(&file, path, error);
  if (status == BIASCOPE_OK) {
    const locale_t users = uselocale(c_locale); /* of this thread only */
    format->write(data, file.stream);
    uselocale(users);
    status = bs_output_commit(&file, error);
  }
  freelocale(c_locale);
  return status;
}
