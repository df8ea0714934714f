/* LIBSVM's format: `label index:value ...`, indices from 1, ascending; '#' starts a comment. */
#include "data/formats.h"

#include "base/memory.h"
#include "data/labels.h"
#include "data/text.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  bs_text text;
  size_t samples, nonzeros, features;
  bs_span *labels;
  size_t *row_start;
  uint32_t *column;
  double *value;
} libsvm_reader;

static bool next_token(bs_span *rest, bs_span *token) {
  *rest = bs_trim(*rest);
  size_t length = 0;
  while (length < rest->length && rest->begin[length] != ' ' && rest->begin[length] != '\t') length++;
  *token = (bs_span){rest->begin, length};
  rest->begin += length;
  rest->length -= length;
  return length > 0;
}

static bs_span without_comment(bs_span line) {
  const char *hash = memchr(line.begin, '#', line.length);
  if (hash) line.length = (size_t)(hash - line.begin);
  return bs_trim(line);
}

/* Every sample takes a line and every nonzero a colon, so the file's size bounds the memory. */
static biascope_status allocate(libsvm_reader *svm, biascope_error *error) {
  size_t lines = 1, colons = 0;
  for (size_t i = 0; i < svm->text.size; i++) {
    lines += svm->text.bytes[i] == '\n';
    colons += svm->text.bytes[i] == ':';
  }
  svm->labels = BS_NEW(bs_span, lines);
  svm->row_start = BS_NEW(size_t, lines + 1);
  svm->column = BS_NEW(uint32_t, colons);
  svm->value = BS_NEW(double, colons);
  return svm->labels && svm->row_start && svm->column && svm->value ? BIASCOPE_OK
                                                                    : bs_fail_memory(error, "the dataset");
}

static biascope_status parse_index(const char *path, size_t line, size_t column, bs_span text, size_t previous,
                                   size_t *index, biascope_error *error) {
  size_t value = 0;
  bool valid = text.length > 0 && text.length <= 10;
  for (size_t i = 0; valid && i < text.length; i++) {
    valid = text.begin[i] >= '0' && text.begin[i] <= '9';
    value = 10 * value + (size_t)(text.begin[i] - '0');
  }
  if (!valid || value == 0 || value > UINT32_MAX)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s:%zu:%zu: '%.*s' is not a feature index; expected a whole number from 1", path, line, column,
                   text.length > 40 ? 40 : (int)text.length, text.begin);
  if (value <= previous)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: feature index %zu after %zu; expected ascending indices",
                   path, line, column, value, previous);
  *index = value;
  return BIASCOPE_OK;
}

static biascope_status parse_line(libsvm_reader *svm, bs_span line, size_t number, biascope_error *error) {
  const char *path = svm->text.path, *const begin = line.begin;
  bs_span token, rest = without_comment(line);
  next_token(&rest, &token);
  double number_label;
  const bs_number_kind label_kind = bs_parse_number(token, &number_label);
  if (label_kind != BS_NUMBER)
    return bs_fail_number(path, number, (size_t)(token.begin - begin) + 1, token, label_kind, error);
  svm->labels[svm->samples] = token;
  size_t index = 0;
  while (next_token(&rest, &token)) {
    const size_t column = (size_t)(token.begin - begin) + 1;
    const char *colon = memchr(token.begin, ':', token.length);
    if (!colon)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: '%.*s' has no colon; expected index:value", path, number,
                     column, token.length > 40 ? 40 : (int)token.length, token.begin);
    const size_t before = (size_t)(colon - token.begin);
    const biascope_status status =
        parse_index(path, number, column, (bs_span){token.begin, before}, index, &index, error);
    if (status != BIASCOPE_OK) return status;
    const bs_span text = {colon + 1, token.length - before - 1};
    double value;
    const bs_number_kind kind = bs_parse_number(text, &value);
    if (kind != BS_NUMBER) return bs_fail_number(path, number, column + before + 1, text, kind, error);
    if (index > svm->features) svm->features = index;
    if (value == 0.0) continue;
    svm->column[svm->nonzeros] = (uint32_t)(index - 1);
    svm->value[svm->nonzeros++] = value;
  }
  svm->row_start[++svm->samples] = svm->nonzeros;
  return BIASCOPE_OK;
}

static biascope_status read_lines(libsvm_reader *svm, biascope_error *error) {
  biascope_status status = allocate(svm, error);
  size_t cursor = 0, number = 0;
  bs_span line;
  while (status == BIASCOPE_OK && bs_next_line(&svm->text, &cursor, &line)) {
    number++;
    if (without_comment(line).length > 0) status = parse_line(svm, line, number, error);
  }
  if (status != BIASCOPE_OK) return status;
  if (svm->samples == 0 || svm->features == 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no %s; expected lines `label index:value ...`", svm->text.path,
                   svm->samples ? "features" : "samples");
  return BIASCOPE_OK;
}

static biascope_status fold(libsvm_reader *svm, biascope_error *error) {
  double *signs = BS_NEW(double, svm->samples);
  if (!signs) return bs_fail_memory(error, "the labels");
  const biascope_status status = bs_label_signs(svm->text.path, svm->samples, svm->labels, signs, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < svm->samples; i++) {
    for (size_t k = svm->row_start[i]; k < svm->row_start[i + 1]; k++) svm->value[k] *= signs[i];
  }
  free(signs);
  return status;
}

biascope_status bs_read_libsvm(const char *path, const biascope_read_options *options, biascope_dataset **out,
                               biascope_error *error) {
  (void)options;
  libsvm_reader svm = {0};
  biascope_status status = bs_text_load(path, &svm.text, error);
  if (status == BIASCOPE_OK) status = read_lines(&svm, error);
  if (status == BIASCOPE_OK) status = fold(&svm, error);
  if (status == BIASCOPE_OK)
    status = biascope_dataset_from_csr(svm.samples, svm.features, svm.row_start, svm.column, svm.value, out, error);
  free(svm.labels);
  free(svm.row_start);
  free(svm.column);
  free(svm.value);
  bs_text_free(&svm.text);
  return status;
}

/* The labels are folded in already, so every row could carry +1; readers of the format expect two classes, so
 * rows alternate and carry their sign: label y_i with values y_i x_i y_i. */
void bs_write_libsvm(const biascope_dataset *data, FILE *stream) {
  for (size_t i = 0; i < data->samples; i++) {
    const double sign = i % 2 ? -1.0 : 1.0;
    fprintf(stream, "%+d", (int)sign);
    const size_t first = data->dense ? i * data->features : data->row_start[i];
    const size_t last = data->dense ? first + data->features : data->row_start[i + 1];
    for (size_t k = first; k < last; k++) {
      const double value = data->dense ? data->dense[k] : data->value[k];
      const size_t index = data->dense ? k - first : data->column[k];
      if (value != 0.0) fprintf(stream, " %zu:%.17g", index + 1, sign * value);
    }
    fputc('\n', stream);
  }
}
