/* NumPy's .npy, versions 1 to 3: a two-dimensional array of numbers, one sample in each row, labels folded in. */
#include "data/npy.h"
#include "base/memory.h"
#include "data/growth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static biascope_status fail(const bs_input *source, const char *what, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %s; expected a .npy file of a two-dimensional array", source->path,
                 what);
}

/* ---- The header: a Python dictionary of exactly descr, fortran_order and shape --------------- */

static void skip_blanks(bs_span *rest) {
  while (rest->begin < rest->end && (*rest->begin == ' ' || *rest->begin == '\n')) rest->begin++;
}

/* Takes the word, and the blanks around it, from the start of the rest. */
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
static bool take_shape(bs_span *rest, bs_npy_array *array) {
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

/* An order (<, > or =; | if there is none) and a type of one letter and one digit. */
static bool parse_type(bs_span descr, bs_npy_array *array) {
  static const char *const TYPES[] = {"f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1"};
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

static biascope_status fail_type(const bs_input *source, bs_span descr, biascope_error *error) {
  const bool objects = descr.end - descr.begin == 2 && descr.begin[1] == 'O';
  return bs_fail(error, BIASCOPE_BAD_INPUT,
                 "%s: elements of type %s; expected f8, f4, f2, b1, or an integer type i1 to u8%s", source->path,
                 bs_quote(descr).text,
                 objects ? " (Python objects are pickled: np.save(y.astype(str)) or astype(float) instead)" : "");
}

static biascope_status parse_dictionary(const bs_input *source, bs_span rest, bool texts, bs_npy_array *array,
                                        biascope_error *error) {
  bs_span key, descr = {NULL, NULL};
  bool order = false, shape = false, well_formed = take(&rest, "{");
  while (well_formed && !take(&rest, "}")) {
    well_formed = take_string(&rest, &key) && take(&rest, ":");
    if (!well_formed) break;
    if (bs_span_is(key, "descr") && !descr.begin) {
      if (!take_string(&rest, &descr)) return fail(source, "the elements are records, not numbers", error);
    } else if (bs_span_is(key, "fortran_order") && !order) {
      order = array->fortran = take(&rest, "True");
      order = order || take(&rest, "False");
    } else if (bs_span_is(key, "shape") && !shape) {
      shape = take_shape(&rest, array);
    } else {
      well_formed = false;
    }
    well_formed = well_formed && (take(&rest, ",") || (rest.begin < rest.end && *rest.begin == '}'));
  }
  skip_blanks(&rest);
  if (!well_formed || !descr.begin || !order || !shape || rest.begin < rest.end)
    return fail(source, "the header is not a dictionary of descr, fortran_order and shape", error);
  const bool known = parse_type(descr, array) || (texts && bs_npy_parse_text_type(descr, array));
  return known ? BIASCOPE_OK : fail_type(source, descr, error);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static biascope_status fail_size(const bs_input *source, const bs_npy_array *array, const char *more, size_t have,
                                 biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT,
                 "%s: %s%zu bytes follow the header; expected %zu x %zu elements of %zu bytes as it declares",
                 source->path, more, have, array->shape[0], array->shape[1], array->bytes);
}

/* Compares the declared shape with the number of bytes, before memory of that shape is allocated. */
static biascope_status check_shape(const bs_input *source, bs_npy_array *array, bool *is_vector,
                                   biascope_error *error) {
  if (is_vector) *is_vector = array->dimensions == 1;
  if (is_vector && array->dimensions == 1) {
    array->shape[1] = 1;
    array->dimensions = 2;
  }
  if (array->dimensions != 2)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: an array of %zu dimension%s; expected 2, samples x features",
                   source->path, array->dimensions, array->dimensions == 1 ? "" : "s");
  if (array->shape[0] == 0 || array->shape[1] == 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: an array of shape (%zu, %zu); expected at least one sample and one feature", source->path,
                   array->shape[0], array->shape[1]);
  const size_t have = source->has_size ? source->size - source->taken : 0;
  size_t count, need;
  const bool overflow = __builtin_mul_overflow(array->shape[0], array->shape[1], &count) ||
                        __builtin_mul_overflow(count, array->bytes, &need);
  if (overflow || (source->has_size && need != have)) return fail_size(source, array, "", have, error);
  return BIASCOPE_OK;
}

static biascope_status read_header(bs_input *source, bs_npy_array *array, bool *is_vector, biascope_error *error) {
  enum { LONGEST_HEADER = 1 << 20 };
  unsigned char prefix[12];
  size_t got;
  biascope_status status = bs_input_read(source, prefix, 10, &got, error);
  if (status != BIASCOPE_OK) return status;
  if (got < 6 || memcmp(prefix, "\x93NUMPY", 6) != 0) return fail(source, "not a .npy file", error);
  if (got < 10) return fail(source, "the file ends within its header", error);
  if (prefix[6] < 1 || prefix[6] > 3)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: version %d of the .npy format; expected 1, 2 or 3", source->path,
                   prefix[6]);
  size_t length = prefix[8] | (size_t)prefix[9] << 8;
  if (prefix[6] > 1) {
    status = bs_input_read(source, prefix + 10, 2, &got, error);
    if (status != BIASCOPE_OK) return status;
    if (got < 2) return fail(source, "the file ends within its header", error);
    length |= (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
  }
  if (source->has_size && length > source->size - source->taken)
    return fail(source, "the file ends within its header", error);
  if (length > LONGEST_HEADER) return fail(source, "the header is longer than a megabyte", error);
  char *header = malloc(length + 1);
  if (!header) return bs_fail_memory(error, "a file's header");
  status = bs_input_read(source, header, length, &got, error);
  if (status == BIASCOPE_OK && got < length) status = fail(source, "the file ends within its header", error);
  if (status == BIASCOPE_OK)
    status = parse_dictionary(source, (bs_span){header, header + length}, is_vector != NULL, array, error);
  free(header);
  return status == BIASCOPE_OK ? check_shape(source, array, is_vector, error) : status;
}

static double half_precision(uint64_t bits) {
  const int exponent = (int)(bits >> 10 & 0x1f);
  const double fraction = (double)(bits & 0x3ff);
  double value = exponent > 0 ? ldexp(1024.0 + fraction, exponent - 25) : ldexp(fraction, -24);
  if (exponent == 0x1f) value = fraction == 0.0 ? INFINITY : NAN;
  return bits & 0x8000 ? -value : value;
}

/* Integers beyond 2^53 are rounded to the nearest double. */
static double element(const bs_npy_array *array, const unsigned char *at) {
  const size_t last = array->bytes - 1;
  const bool negative = array->kind == 'i' && (at[array->big_endian ? 0 : last] & 0x80);
  uint64_t bits = negative ? UINT64_MAX : 0;
  for (size_t b = 0; b <= last; b++) bits = bits << 8 | at[array->big_endian ? b : last - b];
  if (array->kind == 'u') return (double)bits;
  if (array->kind == 'b') return bits != 0 ? 1.0 : 0.0;
  if (array->kind == 'i') return (double)(int64_t)bits;
  if (array->bytes == 2) return half_precision(bits);
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

enum { BLOCK = 1 << 15, SMALL = 1 << 22 }; /* elements read at a time; elements that are assumed to fit into memory */

typedef struct {
  bs_input *source;
  const bs_npy_array *array;
  bs_table *table; /* its dense array exists from the start if the size of the file confirms the declared one */
  bs_growth growth;
  unsigned char *raw; /* BLOCK elements as in the file */
  double *decoded;    /* the same as numbers */
} npy_reader;

/* The position, in row-major order, of the element with this number in the file. */
static size_t place_of(const bs_npy_array *array, size_t number) {
  const size_t samples = array->shape[0], features = array->shape[1];
  return array->fortran ? number % samples * features + number / samples : number;
}

static biascope_status decode(npy_reader *npy, size_t first, size_t count, biascope_error *error) {
  const bs_npy_array *array = npy->array;
  const size_t features = array->shape[1];
  for (size_t n = 0; n < count; n++) npy->decoded[n] = element(array, npy->raw + n * array->bytes);
  for (size_t n = 0; n < count; n++) {
    if (isfinite(npy->decoded[n])) continue;
    const size_t place = place_of(array, first + n);
    if (isnan(npy->decoded[n])) {
      bs_table_add_missing(npy->table, "%s: the element [%zu, %zu] is nan; expected a finite number", npy->source->path,
                           place / features, place % features);
      continue;
    }
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the element [%zu, %zu] is %g; expected a finite number",
                   npy->source->path, place / features, place % features, npy->decoded[n]);
  }
  return BIASCOPE_OK;
}

static bool store(npy_reader *npy, size_t first, size_t count) {
  double *dense = npy->table->dense;
  if (!dense) {
    double *room = bs_growth_room(&npy->growth, count);
    if (!room) return false;
    memcpy(room, npy->decoded, count * sizeof *room);
    bs_growth_keep(&npy->growth, count);
    return true;
  }
  if (!npy->array->fortran) memcpy(dense + first, npy->decoded, count * sizeof *dense);
  for (size_t n = 0; npy->array->fortran && n < count; n++) dense[place_of(npy->array, first + n)] = npy->decoded[n];
  return true;
}

static biascope_status read_blocks(npy_reader *npy, biascope_error *error) {
  const bs_npy_array *array = npy->array;
  const size_t total = array->shape[0] * array->shape[1];
  for (size_t first = 0; first < total; first += BLOCK) {
    const size_t count = total - first < BLOCK ? total - first : BLOCK;
    size_t got;
    biascope_status status = bs_input_read(npy->source, npy->raw, count * array->bytes, &got, error);
    if (status == BIASCOPE_OK && got < count * array->bytes)
      status = fail_size(npy->source, array, "only ", first * array->bytes + got, error);
    if (status == BIASCOPE_OK) status = decode(npy, first, count, error);
    if (status != BIASCOPE_OK) return status;
    if (!store(npy, first, count)) return bs_fail_dataset_memory(error);
  }
  size_t more;
  const biascope_status status = bs_input_read(npy->source, npy->raw, 1, &more, error);
  if (status == BIASCOPE_OK && more > 0)
    return fail_size(npy->source, array, "more than ", total * array->bytes, error);
  return status;
}

/* Converts the elements that were collected in the file's order to the table's array. */
static biascope_status take_grown(npy_reader *npy, biascope_error *error) {
  const bs_npy_array *array = npy->array;
  double *grown = bs_growth_join(&npy->growth, 0);
  if (!grown) return bs_fail_dataset_memory(error);
  npy->table->dense = grown;
  if (!array->fortran) return BIASCOPE_OK;
  const size_t total = array->shape[0] * array->shape[1];
  npy->table->dense = bs_allocate_unset(total, sizeof(double));
  for (size_t n = 0; npy->table->dense && n < total; n++) npy->table->dense[place_of(array, n)] = grown[n];
  free(grown);
  return npy->table->dense ? BIASCOPE_OK : bs_fail_dataset_memory(error);
}

/* intercept: whether the array should have space for one. */
static biascope_status read_array(bs_input *source, bool *is_vector, bool intercept, bs_table *table,
                                  biascope_error *error) {
  bs_npy_array array = {0};
  biascope_status status = read_header(source, &array, is_vector, error);
  if (status != BIASCOPE_OK) return status;
  if (array.kind == 'U' || array.kind == 'S') return bs_npy_read_texts(source, &array, table, error);
  table->samples = array.shape[0];
  table->features = array.shape[1];
  npy_reader npy = {.source = source, .array = &array, .table = table, .growth.size = sizeof(double)};
  npy.raw = malloc(BLOCK * array.bytes);
  npy.decoded = BS_NEW(double, BLOCK);
  const size_t count = table->samples * (table->features + intercept);
  if (source->has_size && (count < SMALL || count * sizeof(double) < bs_memory_free()))
    table->dense = bs_allocate_unset(count, sizeof(double));
  table->allocated = table->dense ? count : 0;
  const bool allocated = npy.raw && npy.decoded && (table->dense || !source->has_size);
  status = allocated ? read_blocks(&npy, error) : bs_fail_dataset_memory(error);
  if (status == BIASCOPE_OK && !table->dense) status = take_grown(&npy, error);
  bs_growth_free(&npy.growth);
  free(npy.raw);
  free(npy.decoded);
  return status;
}

biascope_status bs_npy_read(bs_input *source, const bs_file_format *format, const biascope_read_options *options,
                            bs_table *table, biascope_error *error) {
  (void)format;
  return read_array(source, NULL, bs_adds_intercept(options), table, error);
}

biascope_status bs_npy_read_any(bs_input *source, bs_table *table, bool *is_vector, biascope_error *error) {
  return read_array(source, is_vector, false, table, error);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void write_little_endian(double value, FILE *stream) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  unsigned char bytes[sizeof bits];
  for (size_t b = 0; b < sizeof bits; b++) bytes[b] = (unsigned char)(bits >> (8 * b));
  fwrite(bytes, 1, sizeof bytes, stream);
}

/* Of several classes the last column is the label. */
void bs_npy_write(const biascope_dataset *data, FILE *stream) {
  char dictionary[128];
  snprintf(dictionary, sizeof dictionary, "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu, %zu), }",
           data->samples, data->features + data->unfolded);
  fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, stream); /* 10 + 118 bytes: the elements start at a multiple of 64 */
  fprintf(stream, "%-117s\n", dictionary);
  for (size_t i = 0; i < data->samples && !ferror(stream); i++) {
    size_t next = 0;
    for (size_t k = 0; k < data->features; k++) write_little_endian(bs_row_walk(data, i, k, &next), stream);
    if (data->unfolded) write_little_endian(data->class[i], stream);
  }
}
