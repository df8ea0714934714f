/* LIBSVM's sparse text: `label index:value ...`, indices ascending from 1; '#' starts a comment. */
#include "base/memory.h"
#include "data/formats.h"
#include "data/labels.h"

#include <stdlib.h>
#include <string.h>

/* The dimension is the largest index, and vectors of that length follow; a file may ask for 2^24 features or for as
 * many as it has bytes, whichever is more, so that a few bytes cannot ask for gigabytes. */
static const size_t FEATURES_ALWAYS_ACCEPTED = (size_t)1 << 24;

typedef struct {
  const bs_text *text;
  biascope_error *error;
  size_t samples, nonzeros, features;
  bs_labels labels;
  unsigned char *class; /* of each sample */
  size_t *row_start;
  uint32_t *column;
  double *value;
} libsvm_reader;

/* Takes the next word off the line's content; false where nothing is left. */
static bool take_word(bs_span *rest, bs_span *word) {
  *rest = bs_trim(*rest);
  word->begin = word->end = rest->begin;
  while (word->end < rest->end && *word->end != ' ' && *word->end != '\t') word->end++;
  rest->begin = word->end;
  return word->begin < word->end;
}

/* Every sample takes a line and every nonzero a colon, so that the file's size bounds the memory. */
static biascope_status allocate_rows(libsvm_reader *svm) {
  const size_t lines = bs_count_lines(svm->text);
  const char *end = svm->text->bytes + svm->text->size;
  size_t colons = 0;
  for (const char *at = svm->text->bytes; (at = memchr(at, ':', (size_t)(end - at))); at++) colons++;
  svm->class = BS_NEW(unsigned char, lines);
  svm->row_start = BS_NEW(size_t, lines + 1);
  svm->column = BS_NEW(uint32_t, colons);
  svm->value = BS_NEW(double, colons);
  return svm->class && svm->row_start && svm->column && svm->value ? BIASCOPE_OK
                                                                   : bs_fail_memory(svm->error, "the dataset");
}

static biascope_status read_index(const libsvm_reader *svm, bs_span digits, size_t previous, size_t *index) {
  const size_t most = svm->text->size > FEATURES_ALWAYS_ACCEPTED ? svm->text->size : FEATURES_ALWAYS_ACCEPTED;
  size_t value = 0;
  bool whole = digits.begin < digits.end;
  for (const char *at = digits.begin; whole && at < digits.end; at++) {
    whole = *at >= '0' && *at <= '9';
    if (value <= most) value = 10 * value + (size_t)(*at - '0');
  }
  if (!whole || value == 0)
    return bs_fail_at(svm->error, svm->text, digits.begin,
                      "%s is not a feature's index; expected a whole number from 1", bs_quote(digits).text);
  if (value > most || value > UINT32_MAX)
    return bs_fail_at(svm->error, svm->text, digits.begin,
                      "feature index %s is too large; expected at most %zu for a file of %zu bytes",
                      bs_quote(digits).text, most < UINT32_MAX ? most : UINT32_MAX, svm->text->size);
  if (value <= previous)
    return bs_fail_at(svm->error, svm->text, digits.begin, "feature index %zu after %zu; expected ascending indices",
                      value, previous);
  *index = value;
  return BIASCOPE_OK;
}

/* One `index:value`; *index is the previous one's. Zeros are not stored, but their index counts for the dimension. */
static biascope_status read_entry(libsvm_reader *svm, bs_span word, size_t *index) {
  const char *colon = memchr(word.begin, ':', (size_t)(word.end - word.begin));
  if (!colon)
    return bs_fail_at(svm->error, svm->text, word.begin, "%s has no colon; expected index:value", bs_quote(word).text);
  const biascope_status status = read_index(svm, (bs_span){word.begin, colon}, *index, index);
  if (status != BIASCOPE_OK) return status;
  const bs_span number = {colon + 1, word.end};
  double value;
  const bs_number_kind kind = bs_parse_number(svm->text, number, &value);
  if (kind != BS_NUMBER) return bs_fail_number(svm->error, svm->text, number, kind, "the value");
  if (*index > svm->features) svm->features = *index;
  if (value == 0.0) return BIASCOPE_OK;
  svm->column[svm->nonzeros] = (uint32_t)(*index - 1);
  svm->value[svm->nonzeros++] = value;
  return BIASCOPE_OK;
}

static biascope_status read_row(libsvm_reader *svm, bs_span content) {
  bs_span word;
  take_word(&content, &word);
  double label;
  const bs_number_kind kind = bs_parse_number(svm->text, word, &label);
  if (kind != BS_NUMBER) return bs_fail_number(svm->error, svm->text, word, kind, "the label");
  biascope_status status = bs_label_class(&svm->labels, svm->text, word, &svm->class[svm->samples], svm -> error);
  size_t index = 0;
  while (status == BIASCOPE_OK && take_word(&content, &word)) status = read_entry(svm, word, &index);
  svm->row_start[++svm->samples] = svm->nonzeros;
  return status;
}

static biascope_status read_rows(libsvm_reader *svm) {
  biascope_status status = allocate_rows(svm);
  const char *end = svm->text->bytes + svm->text->size;
  bs_span line;
  for (const char *cursor = svm->text->bytes; status == BIASCOPE_OK && cursor < end;
       cursor = bs_next_line(svm->text, line)) {
    line = bs_line(svm->text, cursor);
    const char *hash = memchr(line.begin, '#', (size_t)(line.end - line.begin));
    const bs_span content = bs_trim((bs_span){line.begin, hash ? hash : line.end});
    if (content.begin < content.end)
      status = read_row(svm, content);
    else if (!hash && bs_only_blank(svm->text, cursor))
      break;
    else if (!hash)
      status = bs_fail_at(svm->error, svm->text, cursor, "an empty line; expected one only at the end");
  }
  if (status != BIASCOPE_OK || (svm->samples > 0 && svm->features > 0)) return status;
  return bs_fail(svm->error, BIASCOPE_BAD_INPUT, "%s: no %s; expected lines `label index:value ...`", svm->text->path,
                 svm->samples ? "features" : "samples");
}

static biascope_status fold_labels(const libsvm_reader *svm) {
  double signs[2];
  const biascope_status status = bs_label_signs(&svm->labels, svm->text, signs, svm->error);
  for (size_t i = 0; status == BIASCOPE_OK && i < svm->samples; i++) {
    for (size_t k = svm->row_start[i]; k < svm->row_start[i + 1]; k++) svm->value[k] *= signs[svm->class[i]];
  }
  return status;
}

biascope_status bs_libsvm_read(bs_text *text, const biascope_read_options *options, biascope_dataset **out,
                               biascope_error *error) {
  (void)options;
  libsvm_reader svm = {.text = text, .error = error};
  biascope_status status = bs_text_clean(text, error);
  if (status == BIASCOPE_OK) status = read_rows(&svm);
  if (status == BIASCOPE_OK) status = fold_labels(&svm);
  if (status == BIASCOPE_OK)
    status = biascope_dataset_from_csr(svm.samples, svm.features, svm.row_start, svm.column, svm.value, out, error);
  free(svm.class);
  free(svm.row_start);
  free(svm.column);
  free(svm.value);
  return status;
}

/* The labels are folded in, so that every row could carry +1; but programs that read the format expect two classes.
 * Rows alternate: label y with the values y x_i. The first row names the last feature, be it 0, so that the dimension
 * survives. */
void bs_libsvm_write(const biascope_dataset *data, FILE *stream) {
  for (size_t i = 0; i < data->samples && !ferror(stream); i++) {
    const double sign = i % 2 ? -1.0 : 1.0;
    fprintf(stream, "%+d", (int)sign);
    size_t next = 0, last = 0;
    const size_t stored = data->dense ? data->features : data->row_start[i + 1] - data->row_start[i];
    for (size_t k = 0; k < stored; k++) {
      const size_t feature = data->dense ? k : data->column[data->row_start[i] + k];
      const double value = bs_row_walk(data, i, feature, &next);
      if (value == 0.0) continue;
      last = feature + 1;
      fprintf(stream, " %zu:%.17g", last, sign * value);
    }
    if (i == 0 && last < data->features) fprintf(stream, " %zu:0", data->features);
    fputc('\n', stream);
  }
}
