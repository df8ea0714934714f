/* NumPy's arrays of texts, which can be labels: elements of one length, with NULs after shorter texts. */
#include "base/memory.h"
#include "data/npy.h"

#include <stdlib.h>

enum { LONGEST_TEXT = 1 << 16, BLOCK_BYTES = 1 << 18, BYTES_OF_CHARACTER = 4 };

bool bs_npy_parse_text_type(bs_span descr, bs_npy_array *array) {
  size_t length = 0;
  if (bs_span_length(descr) < 3 || (descr.begin[1] != 'U' && descr.begin[1] != 'S')) return false;
  for (const char *at = descr.begin + 2; at < descr.end; at++) {
    if (*at < '0' || *at > '9' || length > LONGEST_TEXT) return false;
    length = 10 * length + (size_t)(*at - '0');
  }
  if (length == 0 || length > LONGEST_TEXT) return false;
  array->kind = descr.begin[1];
  array->big_endian = descr.begin[0] == '>';
  array->bytes = array->kind == 'U' ? BYTES_OF_CHARACTER * length : length;
  return true;
}

/* Appends a character in UTF-8; returns its end. */
static char *put_utf8(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
  } else if (code < 0x800) {
    *to++ = (char)(0xc0 | code >> 6);
    *to++ = (char)(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *to++ = (char)(0xe0 | code >> 12);
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  } else {
    *to++ = (char)(0xf0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 0x3f));
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  }
  return to;
}

static uint32_t character(const bs_npy_array *array, const unsigned char *at) {
  uint32_t code = 0;
  for (size_t b = 0; b < BYTES_OF_CHARACTER; b++)
    code = code << 8 | at[array->big_endian ? b : BYTES_OF_CHARACTER - 1 - b];
  return code;
}

/* The element as UTF-8, or as its bytes, in `text`, which has the room of an element. NULL or a fault. */
static const char *take_text(const bs_npy_array *array, const unsigned char *element, char *text, bs_span *out) {
  const size_t unit = array->kind == 'U' ? BYTES_OF_CHARACTER : 1;
  size_t length = array->bytes / unit;
  char *end = text;
  for (bool blank = true; length > 0 && blank; length -= blank) {
    for (size_t b = 0; b < unit; b++) blank = blank && element[(length - 1) * unit + b] == 0;
  }
  for (size_t i = 0; i < length; i++) {
    const uint32_t code = unit == 1 ? element[i] : character(array, element + i * unit);
    if (code == 0) return "contains a NUL character";
    if (unit > 1 && (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))) return "is not Unicode";
    if (unit == 1)
      *end++ = (char)code;
    else
      end = put_utf8(end, code);
  }
  *out = (bs_span){text, end};
  return NULL;
}

static biascope_status add_text(const bs_input *source, const bs_npy_array *array, const unsigned char *element,
                                size_t number, char *text, bs_table *table, biascope_error *error) {
  bs_span span = {text, text};
  const char *fault = take_text(array, element, text, &span);
  if (!fault && bs_labels_add(&table->labels, span, '.', &fault)) return BIASCOPE_OK;
  if (!fault) return bs_fail_memory(error, "the labels");
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the label [%zu], %s, %s", source->path, number, bs_quote(span).text,
                 fault);
}

static biascope_status read_blocks(bs_input *source, const bs_npy_array *array, size_t most, unsigned char *raw,
                                   char *text, bs_table *table, biascope_error *error) {
  const size_t total = array->shape[0];
  size_t got = 0;
  for (size_t first = 0; first < total; first += most) {
    const size_t count = total - first < most ? total - first : most;
    biascope_status status = bs_input_read(source, raw, count * array->bytes, &got, error);
    if (status == BIASCOPE_OK && got < count * array->bytes)
      status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the file ends after %zu labels; expected %zu", source->path,
                       first + got / array->bytes, total);
    for (size_t n = 0; n < count && status == BIASCOPE_OK; n++)
      status = add_text(source, array, raw + n * array->bytes, first + n, text, table, error);
    if (status != BIASCOPE_OK) return status;
  }
  const biascope_status status = bs_input_read(source, raw, 1, &got, error);
  if (status == BIASCOPE_OK && got > 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: more bytes follow than the %zu labels that the header declares",
                   source->path, total);
  return status;
}

biascope_status bs_npy_read_texts(bs_input *source, const bs_npy_array *array, bs_table *table, biascope_error *error) {
  const size_t most = array->bytes < BLOCK_BYTES ? BLOCK_BYTES / array->bytes : 1;
  if (array->shape[1] != 1)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: an array of texts, %zu x %zu; expected numbers, or one label a sample", source->path,
                   array->shape[0], array->shape[1]);
  unsigned char *raw = malloc(most * array->bytes);
  char *text = malloc(array->bytes); /* a character takes at most four bytes in UTF-8 too */
  const biascope_status status =
      raw && text ? read_blocks(source, array, most, raw, text, table, error) : bs_fail_memory(error, "the labels");
  free(raw);
  free(text);
  table->samples = array->shape[0];
  table->features = 1;
  table->labelled = true;
  return status;
}
