/* NumPy's .npy, versions 1 to 3: two-dimensional arrays of floats or integers, labels folded in. */
#include "data/formats.h"

#include "base/memory.h"
#include "data/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char order; /* '<', '>', '|' or '=' */
  char kind;  /* f, i or u */
  size_t size;
  bool fortran;
  size_t samples, features;
  const unsigned char *values;
} npy_array;

static biascope_status fail_header(const char *path, const char *what, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %s; expected a NumPy .npy file of a two-dimensional array", path,
                 what);
}

/* The text after `'key':` in the header's dictionary, blanks skipped; NULL where missing. */
static const char *entry(const char *header, const char *key) {
  const char *at = strstr(header, key);
  if (!at) return NULL;
  at += strlen(key);
  at += strspn(at, " ");
  if (*at++ != ':') return NULL;
  return at + strspn(at, " ");
}

static bool parse_shape(const char *at, npy_array *array) {
  size_t shape[2] = {0, 0}, count = 0;
  if (!at || *at++ != '(') return false;
  for (at += strspn(at, " "); *at != ')'; at += strspn(at, " ,")) {
    const size_t digits = strspn(at, "0123456789");
    if (count == 2 || digits == 0 || digits > 18) return false;
    shape[count++] = strtoull(at, NULL, 10);
    at += digits;
    if (!strchr(" ,)", *at) || !*at) return false;
  }
  array->samples = shape[0];
  array->features = shape[1];
  return count == 2 && shape[0] > 0 && shape[1] > 0;
}

static biascope_status parse_dictionary(const char *path, const char *header, npy_array *array, biascope_error *error) {
  const char *descr = entry(header, "'descr'");
  const char *fortran = entry(header, "'fortran_order'");
  if (!descr || !fortran) return fail_header(path, "the header has no descr or fortran_order", error);
  char type[5] = "";
  if (descr[0] == '\'') {
    const size_t length = strcspn(descr + 1, "'");
    memcpy(type, descr + 1, length < 4 ? length : 4);
  }
  static const char *const TYPES[] = {"f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"};
  bool known = false;
  for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
    known = known || !strcmp(type[0] ? type + 1 : "", TYPES[i]);
  if (!known || !strchr("<>|=", type[0]))
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: element type '%s'; expected f8, f4 or an integer type", path, type);
  array->order = type[0];
  array->kind = type[1];
  array->size = (size_t)(type[2] - '0');
  array->fortran = !strncmp(fortran, "True", 4);
  if (!parse_shape(entry(header, "'shape'"), array))
    return fail_header(path, "the shape is not that of a matrix", error);
  return BIASCOPE_OK;
}

static biascope_status parse_header(const bs_text *file, npy_array *array, biascope_error *error) {
  const unsigned char *bytes = (const unsigned char *)file->bytes;
  if (file->size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0) return fail_header(file->path, "not a .npy file", error);
  if (bytes[6] < 1 || bytes[6] > 3) return fail_header(file->path, "an unknown format version", error);
  const size_t prefix = bytes[6] == 1 ? 10 : 12;
  size_t length = bytes[8] | (size_t)bytes[9] << 8;
  if (bytes[6] > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  if (length > file->size - prefix) return fail_header(file->path, "the header is cut short", error);
  char *header = malloc(length + 1);
  if (!header) return bs_fail_memory(error, "a file header");
  memcpy(header, bytes + prefix, length);
  header[length] = '\0';
  const biascope_status status = parse_dictionary(file->path, header, array, error);
  free(header);
  if (status != BIASCOPE_OK) return status;
  size_t count, need;
  const size_t have = file->size - prefix - length;
  if (__builtin_mul_overflow(array->samples, array->features, &count) ||
      __builtin_mul_overflow(count, array->size, &need) || need != have)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %zu bytes of values; expected %zu x %zu x %zu", file->path, have,
                   array->samples, array->features, array->size);
  array->values = bytes + prefix + length;
  return BIASCOPE_OK;
}

static double element(const npy_array *array, size_t index) {
  uint64_t bits = 0;
  for (size_t b = 0; b < array->size; b++) {
    const size_t at = array->order == '>' ? array->size - 1 - b : b;
    bits |= (uint64_t)array->values[index * array->size + at] << (8 * b);
  }
  if (array->kind == 'u') return (double)bits;
  if (array->kind == 'i') {
    const unsigned unused = 64 - 8 * (unsigned)array->size;
    return (double)((int64_t)(bits << unused) >> unused);
  }
  if (array->size == 4) {
    const uint32_t half = (uint32_t)bits;
    float value;
    memcpy(&value, &half, sizeof value);
    return (double)value;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static biascope_status decode(const char *path, const npy_array *array, double *values, biascope_error *error) {
  for (size_t i = 0; i < array->samples; i++) {
    for (size_t k = 0; k < array->features; k++) {
      const double value = element(array, array->fortran ? k * array->samples + i : i * array->features + k);
      if (!isfinite(value))
        return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: row %zu, column %zu: %g is not a finite number", path, i, k,
                       value);
      values[i * array->features + k] = value;
    }
  }
  return BIASCOPE_OK;
}

biascope_status bs_read_npy(const char *path, const biascope_read_options *options, biascope_dataset **out,
                            biascope_error *error) {
  (void)options;
  bs_text file;
  biascope_status status = bs_file_load(path, &file, error);
  if (status != BIASCOPE_OK) return status;
  npy_array array = {0};
  status = parse_header(&file, &array, error);
  double *values = NULL;
  if (status == BIASCOPE_OK) {
    values = BS_NEW(double, array.samples *array.features);
    status = values ? decode(path, &array, values, error) : bs_fail_memory(error, "the dataset");
  }
  bs_text_free(&file);
  if (status == BIASCOPE_OK) status = bs_dataset_adopt_dense(array.samples, array.features, values, out, error);
  if (status != BIASCOPE_OK) free(values);
  return status;
}

static void write_little_endian(double value, FILE *stream) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  for (unsigned b = 0; b < 8; b++) fputc((int)(bits >> (8 * b) & 0xFF), stream);
}

void bs_write_npy(const biascope_dataset *data, FILE *stream) {
  char dictionary[128];
  snprintf(dictionary, sizeof dictionary, "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu, %zu), }",
           data->samples, data->features);
  fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, stream); /* 10 + 118 bytes: the values start at a multiple of 64 */
  fprintf(stream, "%-117s\n", dictionary);
  for (size_t i = 0; i < data->samples; i++) {
    size_t next = 0;
    for (size_t k = 0; k < data->features; k++) write_little_endian(bs_row_walk(data, i, k, &next), stream);
  }
}
