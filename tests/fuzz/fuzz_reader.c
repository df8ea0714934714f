/* One reader on any bytes: it must refuse them in words or hand out a valid data set. READER is a reader of
 * data/formats.h, chosen by tests/fuzz/CMakeLists.txt. */
#include "data/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

static void check_dataset(const biascope_dataset *data) {
  const size_t stored = data->dense ? data->samples * data->features : data->row_start[data->samples];
  const double *values = data->dense ? data->dense : data->value;
  check(data->samples > 0 && data->features > 0);
  for (size_t k = 0; k < stored; k++) check(isfinite(values[k]));
  for (size_t i = 0; !data->dense && i < data->samples; i++) {
    for (size_t k = data->row_start[i]; k < data->row_start[i + 1]; k++)
      check(data->column[k] < data->features && (k == data->row_start[i] || data->column[k - 1] < data->column[k]));
  }
}

/* As a file of known size, and as a pipe. */
static void read_with(const uint8_t *bytes, size_t size, bool pipe, const biascope_read_options *options) {
  const bs_file_format format = {.name = "input", .delimiter = ',', .read = READER};
  bs_source source;
  bs_source_open_memory(&source, "input", bytes, size);
  source.has_size = !pipe;
  bs_table table = {.path = "input"};
  biascope_error error = {.message = ""};
  biascope_dataset *data = NULL;
  biascope_status status = READER(&source, &format, options, &table, &error);
  if (status == BIASCOPE_OK) status = bs_table_finish(&table, options, &data, &error);
  check((data != NULL) == (status == BIASCOPE_OK));
  if (data)
    check_dataset(data);
  else
    check(error.status == status && strlen(error.message) > 0);
  biascope_dataset_free(data);
  bs_table_free(&table);
}

static const biascope_read_options OPTIONS[] = {
    {.label_column = NULL},
    {.label_column = "-1", .several_classes = true},
    {.label_column = "y", .decimal = ',', .delimiter = ';'},
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) read_with(bytes, size, i % 2, &OPTIONS[i]);
  return 0;
}
