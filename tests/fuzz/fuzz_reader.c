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

static void read_with(const uint8_t *bytes, size_t size, locale_t c_locale, const char *label_column) {
  bs_text text = {.path = "input", .size = size, .c_locale = c_locale, .bytes = malloc(size + 1)};
  check(text.bytes != NULL);
  if (size > 0) memcpy(text.bytes, bytes, size);
  text.bytes[size] = '\0';
  const biascope_read_options options = {.label_column = label_column};
  biascope_error error = {.message = ""};
  biascope_dataset *data = NULL;
  const biascope_status status = READER(&text, &options, &data, &error);
  check((data != NULL) == (status == BIASCOPE_OK));
  if (data)
    check_dataset(data);
  else
    check(error.status == status && strlen(error.message) > 0);
  biascope_dataset_free(data);
  free(text.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const char *const LABEL_COLUMNS[] = {NULL, "-1", "y"};
  const size_t variants = READER == bs_csv_read ? sizeof LABEL_COLUMNS / sizeof LABEL_COLUMNS[0] : 1;
  const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  for (size_t i = 0; i < variants; i++) read_with(bytes, size, c_locale, LABEL_COLUMNS[i]);
  freelocale(c_locale);
  return 0;
}
