/* NumPy's .npy, versions 1 to 3: a two-dimensional array of floats or integers, a sample a row, labels folded in. */
#include "base/memory.h"
#include "data/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  bool big_endian;
  char kind;    /* f, i or u */
  size_t bytes; /* of an element */
  bool fortran; /* column after column */
  size_t dimensions, shape[2];
  const unsigned char *elements;
} npy_array;

static biascope_status fail(const bs_text *text, const char *what, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %s; expected a .npy file of a two-dimensional array", text->path,
                 what);
}

/* ---- The header: a Python dictionary of exactly descr, fortran_order and shape --------------- */

static void skip_blanks(bs_span *rest) {
  while (rest->begin < rest->end && (*rest->begin == ' ' || *rest->begin == '\n')) rest->begin++;
}

/* Takes the word, and the blanks around it, off the rest. */
static bool take(bs_span *rest, const char *word) {
  skip_blanks(rest);
  const size_t length = strlen(word);
  if ((size_t)(rest->end - rest->begin) < length || memcmp(rest->begin, word, length) != 0) return false;
  rest->begin += length;
  skip_blanks(rest);
  return true;
}

static bool take_string(bs_span *rest, bs_span *string) {
  if (rest->begin == rest->end || (*rest->begin != '\'' && *rest->begin != '"')) return false;
  const char *close = memchr(rest->begin + 1, *rest->begin, (size_t)(rest->end - rest->begin) - 1);
  if (!close) return false;
  *string = (bs_span){rest->begin + 1, close};
  rest->begin = close + 1;
  return true;
}

static bool is(bs_span span, const char *word) {
  const size_t length = (size_t)(span.end - span.begin);
  return length == strlen(word) && !memcmp(span.begin, word, length);
}

static bool take_size(bs_span *rest, size_t *size) {
  const char *first = rest->begin;
  bool fits = true;
  for (*size = 0; rest->begin < rest->end && *rest->begin >= '0' && *rest->begin <= '9'; rest->begin++) {
    fits = fits && !__builtin_mul_overflow(*size, (size_t)10, size) &&
           !__builtin_add_overflow(*size, (size_t)(*rest->begin - '0'), size);
  }
  return fits && rest->begin > first;
}

/* (), (n,), (n, d), ...: sizes beyond the second are counted and dropped. */
static bool take_shape(bs_span *rest, npy_array *array) {
  if (!take(rest, "(")) return false;
  array->dimensions = 0;
  while (!take(rest, ")")) {
    size_t size;
    if (!take_size(rest, &size)) return false;
    if (array->dimensions < 2) array->shape[array->dimensions] = size;
    array->dimensions++;
    if (!take(rest, ",") && (array->dimensions == 1 || rest->begin == rest->end || *rest->begin != ')')) return false;
  }
  return true;
}

/* An order (<, > or =; | where there is none) and a type of one letter and one digit. */
static bool parse_type(bs_span descr, npy_array *array) {
  static const char *const TYPES[] = {"f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"};
  if (descr.end - descr.begin != 3 || !strchr("<>=|", descr.begin[0])) return false;
  for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
    if (memcmp(descr.begin + 1, TYPES[i], 2) != 0) continue;
    array->big_endian = descr.begin[0] == '>';
    array->kind = descr.begin[1];
    array->bytes = (size_t)(descr.begin[2] - '0');
    return true;
  }
  return false;
}

static biascope_status parse_dictionary(const bs_text *text, bs_span rest, npy_array *array, biascope_error *error) {
  bs_span key, descr = {NULL, NULL};
  bool order = false, shape = false, well_formed = take(&rest, "{");
  while (well_formed && !take(&rest, "}")) {
    well_formed = take_string(&rest, &key) && take(&rest, ":");
    if (!well_formed) break;
    if (is(key, "descr") && !descr.begin) {
      if (!take_string(&rest, &descr)) return fail(text, "the elements are records, not numbers", error);
    } else if (is(key, "fortran_order") && !order) {
      order = array->fortran = take(&rest, "True");
      order = order || take(&rest, "False");
    } else if (is(key, "shape") && !shape) {
      shape = take_shape(&rest, array);
    } else {
      well_formed = false;
    }
    well_formed = well_formed && (take(&rest, ",") || (rest.begin < rest.end && *rest.begin == '}'));
  }
  skip_blanks(&rest);
  if (!well_formed || !descr.begin || !order || !shape || rest.begin < rest.end)
    return fail(text, "the header is not a dictionary of descr, fortran_order and shape", error);
  if (!parse_type(descr, array))
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: elements of type %s; expected f8, f4, or an integer type i1 to u8",
                   text->path, bs_quote(descr).text);
  return BIASCOPE_OK;
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* The declared shape against the bytes that are there, before anything of that shape is allocated. */
static biascope_status check_shape(const bs_text *text, const npy_array *array, size_t have, biascope_error *error) {
  if (array->dimensions != 2)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: an array of %zu dimension%s; expected 2, samples x features",
                   text->path, array->dimensions, array->dimensions == 1 ? "" : "s");
  if (array->shape[0] == 0 || array->shape[1] == 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: an array of shape (%zu, %zu); expected at least one sample and one feature", text->path,
                   array->shape[0], array->shape[1]);
  size_t count, need;
  if (__builtin_mul_overflow(array->shape[0], array->shape[1], &count) ||
      __builtin_mul_overflow(count, array->bytes, &need) || need != have)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: %zu bytes follow the header; expected %zu x %zu elements of %zu bytes as it declares",
                   text->path, have, array->shape[0], array->shape[1], array->bytes);
  return BIASCOPE_OK;
}

static biascope_status parse(const bs_text *text, npy_array *array, biascope_error *error) {
  const unsigned char *bytes = (const unsigned char *)text->bytes;
  if (text->size < 6 || memcmp(bytes, "\x93NUMPY", 6) != 0) return fail(text, "not a .npy file", error);
  if (text->size < 12) return fail(text, "the file ends within its header", error);
  if (bytes[6] < 1 || bytes[6] > 3)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: version %d of the .npy format; expected 1, 2 or 3", text->path,
                   bytes[6]);
  const size_t prefix = bytes[6] == 1 ? 10 : 12;
  size_t length = bytes[8] | (size_t)bytes[9] << 8;
  if (bytes[6] > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  if (length > text->size - prefix) return fail(text, "the file ends within its header", error);
  const bs_span header = {text->bytes + prefix, text->bytes + prefix + length};
  const biascope_status status = parse_dictionary(text, header, array, error);
  if (status != BIASCOPE_OK) return status;
  array->elements = bytes + prefix + length;
  return check_shape(text, array, text->size - prefix - length, error);
}

/* Integers beyond 2^53 are rounded to the nearest double. */
static double element(const npy_array *array, size_t index) {
  const unsigned char *at = array->elements + index * array->bytes;
  const size_t last = array->bytes - 1;
  const bool negative = array->kind == 'i' && (at[array->big_endian ? 0 : last] & 0x80);
  uint64_t bits = negative ? UINT64_MAX : 0;
  for (size_t b = 0; b <= last; b++) bits = bits << 8 | at[array->big_endian ? b : last - b];
  if (array->kind == 'u') return (double)bits;
  if (array->kind == 'i') return (double)(int64_t)bits;
  if (array->bytes == 4) {
    const uint32_t single = (uint32_t)bits;
    float value;
    memcpy(&value, &single, sizeof value);
    return (double)value;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static biascope_status decode(const bs_text *text, const npy_array *array, double *values, biascope_error *error) {
  const size_t samples = array->shape[0], features = array->shape[1];
  for (size_t i = 0; i < samples; i++) {
    for (size_t k = 0; k < features; k++) {
      const double value = element(array, array->fortran ? k * samples + i : i * features + k);
      if (!isfinite(value))
        return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the element [%zu, %zu] is %g; expected a finite number",
                       text->path, i, k, value);
      values[i * features + k] = value;
    }
  }
  return BIASCOPE_OK;
}

biascope_status bs_npy_read(bs_text *text, const biascope_read_options *options, biascope_dataset **out,
                            biascope_error *error) {
  (void)options;
  npy_array array = {0};
  biascope_status status = parse(text, &array, error);
  if (status != BIASCOPE_OK) return status;
  double *values = BS_NEW(double, array.shape[0] * array.shape[1]);
  if (!values) return bs_fail_memory(error, "the dataset");
  status = decode(text, &array, values, error);
  if (status == BIASCOPE_OK) status = bs_dataset_adopt_dense(array.shape[0], array.shape[1], values, out, error);
  if (status != BIASCOPE_OK) free(values);
  return status;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void write_little_endian(double value, FILE *stream) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  unsigned char bytes[sizeof bits];
  for (size_t b = 0; b < sizeof bits; b++) bytes[b] = (unsigned char)(bits >> (8 * b));
  fwrite(bytes, 1, sizeof bytes, stream);
}

void bs_npy_write(const biascope_dataset *data, FILE *stream) {
  char dictionary[128];
  snprintf(dictionary, sizeof dictionary, "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu, %zu), }",
           data->samples, data->features);
  fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, stream); /* 10 + 118 bytes: the elements start at a multiple of 64 */
  fprintf(stream, "%-117s\n", dictionary);
  for (size_t i = 0; i < data->samples && !ferror(stream); i++) {
    size_t next = 0;
    for (size_t k = 0; k < data->features; k++) write_little_endian(bs_row_walk(data, i, k, &next), stream);
  }
}
