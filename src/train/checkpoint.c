/* The state of a run as text, a line for each fact: its name, then its values, 17 digits of each number, which carry
 * every double exactly. The first lines name the format, the data and the options, the last one is a checksum of all
 * before it, so that a damaged file or another run's is refused, and by what differs. */
#include "train/trainer.h"

#include "train/fast/lazy.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "data/fingerprint.h"
#include "data/text.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char FORMAT[] = "biascope checkpoint 2";
static const char CHECKSUM[] = "checksum ";
/* No exponent of two that a weight can have lies beyond. */
static const int64_t LARGEST_EXPONENT = INT64_C(1) << 61;

/* ---- Writing ---------------------------------------------------------------------------------- */

static void write_number(FILE *stream, double value) {
  fprintf(stream, " %s", bs_number_rounded(value, 17).text);
}

/* What the run depends on: the data, and the options it reads. */
static void write_identity(FILE *stream, const biascope_trainer *trainer) {
  fprintf(stream, "%s\ndata %s\n", FORMAT, bs_dataset_fingerprint(trainer->data).text);
  for (int i = 0; i < BS_OPTIONS; i++) {
    const bs_option option = (bs_option)i;
    char value[BS_OPTION_TEXT];
    if (!bs_option_is_stated(&trainer->options, option)) continue;
    bs_option_format(option, bs_option_get(&trainer->options, option), value);
    fprintf(stream, "%s %s\n", bs_option_row_of(option)->name, value);
  }
}

static void write_numbers(FILE *stream, const char *key, size_t n, const double *values) {
  fputs(key, stream);
  for (size_t k = 0; k < n; k++) write_number(stream, values[k]);
  fputc('\n', stream);
}

static void write_moments(FILE *stream, const bs_moments *m) {
  fprintf(stream, "common %d\n", m->common);
  write_numbers(stream, "w", m->features, m->w);
  write_numbers(stream, "m", m->features, m->m);
  write_numbers(stream, "v", m->features, m->v);
  fputs("exponent", stream);
  for (size_t k = 0; k < m->features; k++) fprintf(stream, " %lld", (long long)m->exponent[k]);
  fputs("\nunseen", stream); /* the features that no gradient has reached */
  for (size_t k = 0; k < m->features; k++)
    if (m->unseen[k]) fprintf(stream, " %zu", k);
  fputc('\n', stream);
}

/* Of coordinates followed lazily: the steps that each one's state has behind it, those steps' marks, and the mark of
 * the run's own step. */
static void write_touched(FILE *stream, bs_lazy *lazy, uint64_t step) {
  fputs("touched", stream);
  for (size_t k = 0; k < lazy->features; k++) fprintf(stream, " %llu", (unsigned long long)lazy->at[k].step);
  fputs("\nmarks", stream);
  for (size_t k = 0; k < lazy->features; k++) {
    write_number(stream, lazy->at[k].mark.high);
    write_number(stream, lazy->at[k].mark.low);
  }
  fputc('\n', stream);
  const bs_double_double mark = bs_catch_up_mark(&lazy->catch_up, step);
  write_numbers(stream, "mark", 2, (const double[]){mark.high, mark.low});
}

static void write_state(FILE *stream, const biascope_trainer *trainer) {
  if (trainer->fast.lazy) bs_lazy_store(trainer->fast.lazy, trainer->moments);
  write_identity(stream, trainer);
  fprintf(stream, "step %llu\n", (unsigned long long)trainer->step);
  const bs_moments *moments = trainer->moments;
  for (size_t j = 0; j < moments->outputs; j++) write_moments(stream, &moments[j]);
  if (moments->factor_count > 0) write_numbers(stream, "factors", moments->factor_count, moments->matrix.factors);
  if (trainer->fast.lazy) write_touched(stream, trainer->fast.lazy, trainer->step);
  for (size_t j = 0; trainer->snapshot && j < moments->outputs; j++)
    write_numbers(stream, "snapshot", moments->features, trainer->snapshot->w + j * moments->padded);
}

/* What `write` writes of the trainer, as text; NULL where memory runs out. The caller frees. */
static char *text_of(void (*write)(FILE *stream, const biascope_trainer *trainer), const biascope_trainer *trainer) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) return NULL;
  write(stream, trainer);
  const bool written = !ferror(stream);
  if (fclose(stream) == 0 && written) return text;
  free(text);
  return NULL;
}

biascope_status biascope_trainer_save(const biascope_trainer *trainer, const char *path, biascope_error *error) {
  char *text = text_of(write_state, trainer);
  if (!text) return bs_fail_memory(error, "a checkpoint");
  biascope_output file;
  biascope_status status = biascope_output_open(&file, path, error);
  if (status == BIASCOPE_OK) {
    fprintf(file.stream, "%s%s%s\n", text, CHECKSUM, bs_text_fingerprint(text).text);
    status = biascope_output_commit(&file, error);
  }
  free(text);
  return status;
}

/* ---- Reading ---------------------------------------------------------------------------------- */

typedef struct {
  const bs_text *text;
  const char *cursor; /* the next line, or the rest of the present one */
  biascope_error *error;
} reader;

static bool starts_with(bs_span line, const char *word) {
  const size_t length = strlen(word);
  return (size_t)(line.end - line.begin) >= length && memcmp(line.begin, word, length) == 0;
}

/* Moves past the name that the next line must start with; *values: what follows it. */
static biascope_status read_key(reader *r, const char *key, bs_span *values) {
  const bs_span line = bs_line(r->text, r->cursor);
  const char *after = line.begin + strlen(key);
  *values = line;
  if (!starts_with(line, key) || (after < line.end && *after != ' '))
    return bs_fail_at(r->error, r->text, line.begin, "%s; expected \"%s\"", bs_quote(line).text, key);
  *values = (bs_span){after, line.end};
  r->cursor = bs_next_line(r->text, line);
  return BIASCOPE_OK;
}

static biascope_status refuse(const reader *r, const char *where, const char *key, const char *expected) {
  return bs_fail_at(r->error, r->text, where, "\"%s\" is not %s", key, expected);
}

/* The next value, without the space before it; empty where there is none. */
static bs_span next_value(bs_span *values) {
  bs_span value = {values->begin + (values->begin < values->end), values->end};
  const char *space = memchr(value.begin, ' ', (size_t)(value.end - value.begin));
  if (space) value.end = space;
  values->begin = value.end;
  return value;
}

/* Whole numbers fit into 63 bits and a sign. */
static bool parse_integer(bs_span span, int64_t *value) {
  char *end;
  errno = 0;
  const char *digits = span.begin + (span.begin < span.end && *span.begin == '-');
  if (digits == span.end || *digits < '0' || *digits > '9') return false;
  *value = strtoll(span.begin, &end, 10);
  return end == span.end && errno == 0;
}

/* So many numbers, none below `least`. */
static biascope_status read_numbers(reader *r, const char *key, size_t n, double least, double *out) {
  bs_span values;
  const biascope_status status = read_key(r, key, &values);
  if (status != BIASCOPE_OK) return status;
  for (size_t i = 0; i < n; i++) {
    const bs_span value = next_value(&values);
    if (value.begin == value.end) return refuse(r, value.begin, key, "as many numbers as expected");
    if (bs_parse_number(value, '.', &out[i]) != BS_NUMBER || !(out[i] >= least))
      return refuse(r, value.begin, key, "numbers in range");
  }
  return values.begin == values.end ? BIASCOPE_OK : refuse(r, values.begin, key, "as many numbers as expected");
}

static biascope_status read_integers(reader *r, const char *key, size_t n, int64_t least, int64_t most, int64_t *out) {
  bs_span values;
  const biascope_status status = read_key(r, key, &values);
  if (status != BIASCOPE_OK) return status;
  for (size_t i = 0; i < n; i++) {
    const bs_span value = next_value(&values);
    if (value.begin == value.end) return refuse(r, value.begin, key, "as many whole numbers as expected");
    if (!parse_integer(value, &out[i]) || out[i] < least || out[i] > most)
      return refuse(r, value.begin, key, "whole numbers in range");
  }
  return values.begin == values.end ? BIASCOPE_OK : refuse(r, values.begin, key, "as many whole numbers as expected");
}

static biascope_status read_unseen(reader *r, bs_moments *m) {
  bs_span values;
  const biascope_status status = read_key(r, "unseen", &values);
  if (status != BIASCOPE_OK) return status;
  memset(m->unseen, 0, m->features * sizeof *m->unseen);
  while (values.begin < values.end) {
    const bs_span value = next_value(&values);
    int64_t feature;
    if (!parse_integer(value, &feature) || feature < 0 || (uint64_t)feature >= m->features)
      return refuse(r, value.begin, "unseen", "features");
    m->unseen[feature] = true;
  }
  return BIASCOPE_OK;
}

static biascope_status read_moments(reader *r, bs_moments *m) {
  int64_t common = 0;
  const char *start = r->cursor;
  biascope_status status = read_integers(r, "common", 1, 0, 1, &common);
  if (status == BIASCOPE_OK) status = read_numbers(r, "w", m->features, -INFINITY, m->w);
  if (status == BIASCOPE_OK) status = read_numbers(r, "m", m->features, -INFINITY, m->m);
  if (status == BIASCOPE_OK) status = read_numbers(r, "v", m->features, 0.0, m->v);
  if (status == BIASCOPE_OK)
    status = read_integers(r, "exponent", m->features, -LARGEST_EXPONENT, LARGEST_EXPONENT, m->exponent);
  if (status == BIASCOPE_OK) status = read_unseen(r, m);
  if (status != BIASCOPE_OK) return status;
  m->common = common;
  for (size_t k = 1; k < m->features && m->common; k++)
    if (m->exponent[k] != m->exponent[0]) return refuse(r, start, "common", "true of its exponents");
  bs_moments_refresh(m);
  return BIASCOPE_OK;
}

typedef struct {
  uint64_t *step;         /* features */
  bs_double_double *mark; /* features */
  bs_double_double now;   /* the trainer's step's */
} touched;

static void free_touched(touched *t) {
  free(t->step);
  free(t->mark);
}

/* What a run has that follows its coordinates lazily; a run of `step` steps. */
static biascope_status read_touched(reader *r, size_t features, int64_t step, touched *t) {
  double now[2] = {0}, *marks = BS_NEW(double, 2 * features);
  int64_t *steps = BS_NEW(int64_t, features);
  t->step = BS_NEW(uint64_t, features);
  t->mark = BS_NEW(bs_double_double, features);
  biascope_status status =
      t->step && t->mark && marks && steps ? BIASCOPE_OK : bs_fail_memory(r->error, "a checkpoint");
  if (status == BIASCOPE_OK) status = read_integers(r, "touched", features, 0, step, steps);
  if (status == BIASCOPE_OK) status = read_numbers(r, "marks", 2 * features, -INFINITY, marks);
  if (status == BIASCOPE_OK) status = read_numbers(r, "mark", 2, -INFINITY, now);
  for (size_t k = 0; k < features && status == BIASCOPE_OK; k++) {
    t->step[k] = (uint64_t)steps[k];
    t->mark[k] = (bs_double_double){marks[2 * k], marks[2 * k + 1]};
  }
  if (status == BIASCOPE_OK) t->now = (bs_double_double){now[0], now[1]};
  free(marks);
  free(steps);
  return status;
}

/* The weights of the last full gradient: outputs x padded. */
static biascope_status read_snapshot(reader *r, const biascope_trainer *trainer, double *w) {
  const bs_moments *moments = trainer->moments;
  biascope_status status = BIASCOPE_OK;
  for (size_t j = 0; j < moments->outputs && status == BIASCOPE_OK; j++) {
    double *own = w + j * moments->padded;
    const char *start = r->cursor;
    status = read_numbers(r, "snapshot", moments->features, -trainer->largest_weight, own);
    for (size_t k = 0; k < moments->features && status == BIASCOPE_OK; k++)
      if (own[k] > trainer->largest_weight) status = refuse(r, start, "snapshot", "numbers in range");
  }
  return status;
}

/* Another run's checkpoint is refused by the first line that differs from `own`, a line of this run's identity. */
static biascope_status check_line(reader *r, bs_span own) {
  char key[32] = "", value[64] = "";
  sscanf(own.begin, "%31s %63[^\n]", key, value);
  const bs_span line = bs_line(r->text, r->cursor);
  const size_t length = (size_t)(own.end - own.begin);
  if ((size_t)(line.end - line.begin) == length && memcmp(line.begin, own.begin, length) == 0) {
    r->cursor = bs_next_line(r->text, line);
    return BIASCOPE_OK;
  }
  bs_span theirs;
  const biascope_status status = read_key(r, key, &theirs);
  if (status != BIASCOPE_OK) return status;
  if (strcmp(key, "data") == 0)
    return bs_fail(r->error, BIASCOPE_BAD_INPUT, "%s: a checkpoint of a run on other data", r->text->path);
  return bs_fail(r->error, BIASCOPE_BAD_INPUT, "%s: a checkpoint of a run with %s %s; expected '%s'", r->text->path,
                 key, bs_quote(bs_trim(theirs)).text, value);
}

static biascope_status check_identity(reader *r, const biascope_trainer *trainer) {
  char *own = text_of(write_identity, trainer);
  if (!own) return bs_fail_memory(r->error, "a checkpoint");
  biascope_status status = BIASCOPE_OK;
  for (char *line = own, *end; status == BIASCOPE_OK && *line; line = end + 1) {
    end = strchr(line, '\n');
    status = check_line(r, (bs_span){line, end});
  }
  free(own);
  return status;
}

/* The last line is the checksum of the lines before it. */
static biascope_status check_damage(const reader *r) {
  const bs_text *text = r->text;
  const bs_span first = bs_line(text, text->bytes);
  if (text->size > 0 && *text->bytes == '{')
    return bs_fail(
        r->error, BIASCOPE_BAD_INPUT,
        "%s: begins as a checkpoint of an earlier version, which is JSON; expected \"%s\": train again from the "
        "start, or go on with that version",
        text->path, FORMAT);
  if (!starts_with(first, FORMAT) || first.end != first.begin + strlen(FORMAT))
    return bs_fail_at(r->error, text, text->bytes, "%s; expected a checkpoint, \"%s\"", bs_quote(first).text, FORMAT);
  const size_t tail = strlen(CHECKSUM) + sizeof((bs_fingerprint *)0)->text; /* the line feed in place of the NUL */
  const size_t size = text->size > tail ? text->size - tail : 0;
  const bs_fingerprint sum = bs_bytes_fingerprint(text->bytes, size);
  const char *last = text->bytes + size, *claimed = last + strlen(CHECKSUM);
  if (size > 0 && starts_with((bs_span){last, text->bytes + text->size}, CHECKSUM) &&
      memcmp(claimed, sum.text, strlen(sum.text)) == 0 && claimed[strlen(sum.text)] == '\n')
    return BIASCOPE_OK;
  return bs_fail(r->error, BIASCOPE_BAD_INPUT, "%s: damaged: its checksum does not match its content", text->path);
}

/* What the file holds of a run whose identity has been read; snapshot: of variance reduction, else NULL. */
static biascope_status read_run(reader *r, biascope_trainer *trainer, bs_moments *moments, double *snapshot) {
  int64_t step = 0;
  touched t = {0};
  biascope_status status = read_integers(r, "step", 1, 0, INT64_MAX, &step);
  for (size_t j = 0; status == BIASCOPE_OK && j < moments->outputs; j++) status = read_moments(r, &moments[j]);
  if (status == BIASCOPE_OK && moments->factor_count > 0)
    status = read_numbers(r, "factors", moments->factor_count, -INFINITY, moments->matrix.factors);
  if (status == BIASCOPE_OK && trainer->fast.lazy) status = read_touched(r, moments->features, step, &t);
  if (status == BIASCOPE_OK && snapshot) status = read_snapshot(r, trainer, snapshot);
  if (status == BIASCOPE_OK && !starts_with(bs_line(r->text, r->cursor), CHECKSUM))
    status = bs_fail_at(r->error, r->text, r->cursor, "a line too many; expected the checksum");
  if (status == BIASCOPE_OK) {
    trainer->step = (uint64_t)step;
    if (trainer->fast.lazy) bs_lazy_resume(trainer->fast.lazy, moments, trainer->step, t.step, t.mark, t.now);
  }
  free_touched(&t);
  return status;
}

/* Into fresh moments first, so that a file refused leaves the trainer as it was. */
static biascope_status read_state(reader *r, biascope_trainer *trainer) {
  const size_t outputs = trainer->moments->outputs;
  biascope_status status = check_damage(r);
  if (status == BIASCOPE_OK) status = check_identity(r, trainer);
  if (status != BIASCOPE_OK) return status;
  bs_moments *moments = BS_NEW(bs_moments, outputs);
  double *snapshot = trainer->snapshot ? BS_NEW(double, outputs * trainer->moments->padded) : NULL;
  status = moments && (snapshot || !trainer->snapshot) ? BIASCOPE_OK : bs_fail_memory(r->error, "a checkpoint");
  if (status == BIASCOPE_OK) status = bs_moments_create(moments, trainer->data, &trainer->options, r->error);
  if (status == BIASCOPE_OK) status = read_run(r, trainer, moments, snapshot);
  for (size_t j = 0; status == BIASCOPE_OK && j < outputs; j++) {
    const bs_moments old = trainer->moments[j];
    trainer->moments[j] = moments[j];
    moments[j] = old;
  }
  if (status == BIASCOPE_OK && snapshot) bs_snapshot_restore(trainer, snapshot);
  if (moments) bs_moments_free(moments);
  free(moments);
  free(snapshot);
  return status;
}

biascope_status bs_checkpoint_parse(biascope_trainer *trainer, const bs_text *text, biascope_error *error) {
  return read_state(&(reader){.text = text, .cursor = text->bytes, .error = error}, trainer);
}

biascope_status biascope_trainer_resume(biascope_trainer *trainer, const char *path, biascope_error *error) {
  bs_text text;
  biascope_status status = bs_text_load(&text, path, error);
  if (status != BIASCOPE_OK) return status;
  status = bs_checkpoint_parse(trainer, &text, error);
  bs_text_free(&text);
  return status;
}
