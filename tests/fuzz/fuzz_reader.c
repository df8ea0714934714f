/* One reader on any bytes: it must refuse them in words or hand out a valid data set. READER is a reader of
 * data/formats.h, chosen by tests/fuzz/CMakeLists.txt. */
#include "data/formats.h"
#include "memory_file.h"

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

/* As a file of known size, and as a pipe; a zip archive as a file. */
static void read_with(const uint8_t *bytes, size_t size, bool pipe, const biascope_read_options *options) {
  const bs_file_format format = {.name = "input", .delimiter = ',', .read = READER};
  biascope_error error = {.message = ""};
  biascope_dataset *data = NULL;
  bs_input source;
  biascope_status status = BIASCOPE_OK;
  char path[64];
  if (READER == bs_npz_read) {
    static int descriptor;
    status = bs_input_open_zip(&source, memory_file(&descriptor, bytes, size, path), &error);
  } else {
    bs_input_open_memory(&source, "input", bytes, size);
    source.has_size = !pipe;
  }
  bs_table table = {.path = "input"};
  if (status == BIASCOPE_OK) {
    status = READER(&source, &format, options, &table, &error);
    bs_input_close(&source);
  }
  if (status == BIASCOPE_OK) status = bs_table_finish(&table, options, &data, &error);
  check((data != NULL) == (status == BIASCOPE_OK));
  if (data)
    check_dataset(data);
  else
    check(error.status == status && strlen(error.message) > 0);
  biascope_dataset_free(data);
  bs_table_free(&table);
}

/* An array of labels, which may be texts. */
static void read_labels(const uint8_t *bytes, size_t size, bool pipe) {
  biascope_error error = {.message = ""};
  bs_input source;
  bs_table table = {.path = "input"};
  bool is_vector = false;
  bs_input_open_memory(&source, "input", bytes, size);
  source.has_size = !pipe;
  const biascope_status status = bs_npy_read_any(&source, &table, &is_vector, &error);
  bs_input_close(&source);
  if (status == BIASCOPE_OK)
    check(table.samples > 0 && (table.dense != NULL) != table.labelled);
  else
    check(error.status == status && strlen(error.message) > 0);
  bs_table_free(&table);
}

static const biascope_read_options OPTIONS[] = {
    {.label_column = NULL},
    {.label_column = "-1", .several_classes = true},
    {.label_column = "y", .decimal = ',', .delimiter = ';', .missing = BIASCOPE_MISSING_DROP, .intercept = true},
    {.label_column = "0", .missing = BIASCOPE_MISSING_MEAN, .one_hot = true, .scaling = BIASCOPE_STANDARDIZE},
    {.columns = "0,2:3,-1", .positive = "1", .scaling = BIASCOPE_SCALE_ROWS, .intercept = true},
    {.label_column = "-1", .positive = "1", .negative = "0", .missing = BIASCOPE_MISSING_MEAN, .held_out = 0.3},
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) read_with(bytes, size, i % 2, &OPTIONS[i]);
  for (int pipe = 0; READER == bs_npy_read && pipe < 2; pipe++) read_labels(bytes, size, pipe);
  return 0;
}
