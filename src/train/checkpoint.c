/* The state of a run as JSON: 17 digits carry every double exactly. The file names its data and options, and carries a
 * checksum of its own text, so that a damaged file or another run's is refused, and by what differs. */
#include "train/trainer.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/fingerprint.h"
#include "data/text.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char FORMAT[] = "biascope checkpoint 1";
static const size_t TEXT_FLAGS = JSON_REAL_PRECISION(17) | JSON_COMPACT | JSON_SORT_KEYS;
/* No exponent of two that a weight can have lies beyond. */
static const json_int_t LARGEST_EXPONENT = INT64_C(1) << 61;

/* ---- Writing ---------------------------------------------------------------------------------- */

/* What the run depends on beside the data; an option that does not matter is left out. */
static json_t *options_of(const biascope_trainer *trainer) {
  const biascope_train_options *o = &trainer->options;
  return json_pack("{s:s, s:i, s:I, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:f, s:i}", "optimizer",
                   trainer->rule->name, "loss", (int)o->loss, "batch_size", (json_int_t)o->batch_size, "order",
                   (int)o->order, "beta1", trainer->moments.beta1, "beta2", trainer->moments.beta2, "eps", o->eps,
                   "weight_decay", trainer->rule->weight_decay ? o->weight_decay : 0.0, "lr", o->lr, "lr_decay",
                   o->lr_decay, "seed", (json_int_t)o->seed, "noise", o->noise, "noise_shape",
                   o->noise > 0.0 ? (int)o->noise_shape : 0);
}

/* NULL where memory runs out or a value is not finite, as of all that follow. */
static json_t *numbers(size_t n, const double *values) {
  json_t *array = json_array();
  for (size_t i = 0; array && i < n; i++) {
    if (json_array_append_new(array, json_real(values[i])) == 0) continue;
    json_decref(array);
    return NULL;
  }
  return array;
}

static json_t *integers(size_t n, const int64_t *values) {
  json_t *array = json_array();
  for (size_t i = 0; array && i < n; i++) {
    if (json_array_append_new(array, json_integer((json_int_t)values[i])) == 0) continue;
    json_decref(array);
    return NULL;
  }
  return array;
}

static json_t *indices(size_t n, const bool *member) {
  json_t *array = json_array();
  for (size_t i = 0; array && i < n; i++) {
    if (!member[i] || json_array_append_new(array, json_integer((json_int_t)i)) == 0) continue;
    json_decref(array);
    return NULL;
  }
  return array;
}

/* Of coordinates followed lazily: "touched", the steps that each one's state has behind it, and those steps' marks. */
static json_t *touched_of(const bs_lazy *lazy) {
  json_t *rows = json_array();
  for (size_t k = 0; rows && k < lazy->features; k++) {
    const bs_coordinate *c = &lazy->at[k];
    json_t *row = json_pack("[I, f, f]", (json_int_t)c->step, c->mark.high, c->mark.low);
    if (json_array_append_new(rows, row) == 0) continue;
    json_decref(rows);
    return NULL;
  }
  return rows;
}

static json_t *with_touched(json_t *state, const biascope_trainer *trainer) {
  if (!trainer->lazy) return state;
  const bs_double_double mark = bs_travel_mark(&trainer->lazy->travel, trainer->step);
  if (state && json_object_set_new(state, "touched", touched_of(trainer->lazy)) == 0 &&
      json_object_set_new(state, "mark", json_pack("[f, f]", mark.high, mark.low)) == 0)
    return state;
  json_decref(state);
  return NULL;
}

static json_t *state_of(const biascope_trainer *trainer) {
  const bs_moments *m = &trainer->moments;
  const bs_fingerprint data = bs_dataset_fingerprint(trainer->data);
  if (trainer->lazy) bs_lazy_store(trainer->lazy, m);
  json_t *state =
      json_pack("{s:s, s:s, s:o, s:I, s:b, s:o, s:o, s:o, s:o, s:o}", "format", FORMAT, "data", data.text, "options",
                options_of(trainer), "step", (json_int_t)trainer->step, "common", (int)m->common, "w",
                numbers(m->features, m->w), "m", numbers(m->features, m->m), "v", numbers(m->features, m->v),
                "exponent", integers(m->features, m->exponent), "unseen", indices(m->features, m->unseen));
  return with_touched(state, trainer);
}

/* The fingerprint of the file's text without its checksum; false where memory runs out. */
static bool checksum(json_t *root, bs_fingerprint *out) {
  const size_t size = json_dumpb(root, NULL, 0, TEXT_FLAGS);
  char *text = BS_NEW(char, size + 1);
  if (!text || json_dumpb(root, text, size, TEXT_FLAGS) != size) {
    free(text);
    return false;
  }
  *out = bs_text_fingerprint(text);
  free(text);
  return true;
}

biascope_status biascope_trainer_save(const biascope_trainer *trainer, const char *path, biascope_error *error) {
  json_t *root = state_of(trainer);
  bs_fingerprint sum;
  if (!root || !checksum(root, &sum) || json_object_set_new(root, "checksum", json_string(sum.text)) != 0) {
    json_decref(root);
    return bs_fail_memory(error, "a checkpoint");
  }
  bs_output_file file;
  biascope_status status = bs_output_open(&file, path, error);
  if (status == BIASCOPE_OK && json_dumpf(root, file.stream, TEXT_FLAGS) != 0 && !ferror(file.stream)) {
    bs_output_abandon(&file);
    status = bs_fail_memory(error, "a checkpoint");
  } else if (status == BIASCOPE_OK) {
    status = bs_output_commit(&file, error);
  }
  json_decref(root);
  return status;
}

/* ---- Reading ---------------------------------------------------------------------------------- */

typedef struct {
  const char *path;
  json_t *root;
  biascope_error *error;
} reader;

static biascope_status refuse(const reader *r, const char *key, const char *expected) {
  return bs_fail(r->error, BIASCOPE_BAD_INPUT, "%s: \"%s\" is not %s", r->path, key, expected);
}

static biascope_status read_numbers(const reader *r, const char *key, size_t n, double least, double *values) {
  const json_t *array = json_object_get(r->root, key);
  if (!json_is_array(array) || json_array_size(array) != n) return refuse(r, key, "an array of one number a feature");
  for (size_t i = 0; i < n; i++) {
    const json_t *number = json_array_get(array, i);
    if (!json_is_number(number) || !(json_number_value(number) >= least))
      return refuse(r, key, "an array of numbers in range");
    values[i] = json_number_value(number);
  }
  return BIASCOPE_OK;
}

static biascope_status read_exponents(const reader *r, bs_moments *m) {
  const json_t *array = json_object_get(r->root, "exponent");
  if (json_array_size(array) != m->features) return refuse(r, "exponent", "an array of one integer a feature");
  for (size_t k = 0; k < m->features; k++) {
    const json_t *number = json_array_get(array, k);
    const json_int_t value = json_integer_value(number);
    if (!json_is_integer(number) || value > LARGEST_EXPONENT || value < -LARGEST_EXPONENT)
      return refuse(r, "exponent", "an array of integers in range");
    m->exponent[k] = value;
  }
  return BIASCOPE_OK;
}

static biascope_status read_unseen(const reader *r, bs_moments *m) {
  const json_t *array = json_object_get(r->root, "unseen");
  if (!json_is_array(array)) return refuse(r, "unseen", "an array of features");
  memset(m->unseen, 0, m->features * sizeof *m->unseen);
  for (size_t i = 0; i < json_array_size(array); i++) {
    const json_t *number = json_array_get(array, i);
    if (!json_is_integer(number) || json_integer_value(number) < 0 ||
        (uint64_t)json_integer_value(number) >= m->features)
      return refuse(r, "unseen", "an array of features");
    m->unseen[json_integer_value(number)] = true;
  }
  return BIASCOPE_OK;
}

static biascope_status read_moments(const reader *r, bs_moments *m) {
  biascope_status status = read_numbers(r, "w", m->features, -INFINITY, m->w);
  if (status == BIASCOPE_OK) status = read_numbers(r, "m", m->features, -INFINITY, m->m);
  if (status == BIASCOPE_OK) status = read_numbers(r, "v", m->features, 0.0, m->v);
  if (status == BIASCOPE_OK) status = read_exponents(r, m);
  if (status == BIASCOPE_OK) status = read_unseen(r, m);
  if (status != BIASCOPE_OK) return status;
  m->common = true;
  for (size_t k = 1; k < m->features; k++) m->common = m->common && m->exponent[k] == m->exponent[0];
  if (!m->common && json_is_true(json_object_get(r->root, "common")))
    return refuse(r, "common", "true of its exponents");
  m->common = json_is_true(json_object_get(r->root, "common"));
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

/* Two numbers from `at` on. */
static bool read_mark(const json_t *array, size_t at, bs_double_double *mark) {
  const json_t *high = json_array_get(array, at), *low = json_array_get(array, at + 1);
  *mark = (bs_double_double){json_number_value(high), json_number_value(low)};
  return json_is_number(high) && json_is_number(low) && json_array_size(array) == at + 2;
}

/* What a run has that follows its coordinates lazily; a run of `step` steps. */
static biascope_status read_touched(const reader *r, size_t features, json_int_t step, touched *t) {
  const json_t *rows = json_object_get(r->root, "touched");
  if (json_array_size(rows) != features) return refuse(r, "touched", "an array of one entry a feature");
  if (!read_mark(json_object_get(r->root, "mark"), 0, &t->now)) return refuse(r, "mark", "two numbers");
  t->step = BS_NEW(uint64_t, features);
  t->mark = BS_NEW(bs_double_double, features);
  if (!t->step || !t->mark) return bs_fail_memory(r->error, "a checkpoint");
  for (size_t k = 0; k < features; k++) {
    const json_t *row = json_array_get(rows, k), *at = json_array_get(row, 0);
    if (!json_is_integer(at) || json_integer_value(at) < 0 || json_integer_value(at) > step ||
        !read_mark(row, 1, &t->mark[k]))
      return refuse(r, "touched", "an array of a step so far and two numbers each");
    t->step[k] = (uint64_t)json_integer_value(at);
  }
  return BIASCOPE_OK;
}

/* Another run's checkpoint is refused by the first thing that differs. */
static biascope_status check_identity(const reader *r, const biascope_trainer *trainer) {
  const char *data = json_string_value(json_object_get(r->root, "data"));
  if (!data || strcmp(data, bs_dataset_fingerprint(trainer->data).text) != 0)
    return bs_fail(r->error, BIASCOPE_BAD_INPUT, "%s: a checkpoint of a run on other data", r->path);
  json_t *own = options_of(trainer), *theirs = json_object_get(r->root, "options"), *value;
  if (!own) return bs_fail_memory(r->error, "a checkpoint");
  biascope_status status = BIASCOPE_OK;
  const char *key;
  json_object_foreach(own, key, value) {
    if (status != BIASCOPE_OK || json_equal(value, json_object_get(theirs, key))) continue;
    char here[64] = "", there[64] = "";
    json_dumpb(value, here, sizeof here - 1, JSON_ENCODE_ANY);
    json_dumpb(json_object_get(theirs, key), there, sizeof there - 1, JSON_ENCODE_ANY);
    status = bs_fail(r->error, BIASCOPE_BAD_INPUT, "%s: a checkpoint of a run with %s %s; expected %s", r->path, key,
                     there, here);
  }
  json_decref(own);
  return status;
}

static biascope_status check_damage(const reader *r) {
  const char *format = json_string_value(json_object_get(r->root, "format"));
  if (!format || strcmp(format, FORMAT) != 0) return refuse(r, "format", "that of a biascope checkpoint");
  json_t *claimed = json_incref(json_object_get(r->root, "checksum"));
  json_object_del(r->root, "checksum");
  bs_fingerprint sum;
  biascope_status status = BIASCOPE_OK;
  if (!checksum(r->root, &sum))
    status = bs_fail_memory(r->error, "a checkpoint");
  else if (!json_is_string(claimed) || strcmp(json_string_value(claimed), sum.text) != 0)
    status = bs_fail(r->error, BIASCOPE_BAD_INPUT, "%s: damaged: its checksum does not match its content", r->path);
  json_decref(claimed);
  return status;
}

static biascope_status read_step(const reader *r, json_int_t *step) {
  const json_t *number = json_object_get(r->root, "step");
  *step = json_integer_value(number);
  return json_is_integer(number) && *step >= 0 ? BIASCOPE_OK : refuse(r, "step", "a number of steps");
}

/* Into fresh moments first, so that a file refused leaves the trainer as it was. */
static biascope_status read_state(const reader *r, biascope_trainer *trainer) {
  json_int_t step;
  bs_moments moments;
  touched t = {0};
  biascope_status status = check_damage(r);
  if (status == BIASCOPE_OK) status = check_identity(r, trainer);
  if (status == BIASCOPE_OK) status = read_step(r, &step);
  if (status == BIASCOPE_OK) status = bs_moments_create(&moments, trainer->data, &trainer->options, r->error);
  if (status != BIASCOPE_OK) return status;
  status = read_moments(r, &moments);
  if (status == BIASCOPE_OK && trainer->lazy) status = read_touched(r, moments.features, step, &t);
  if (status == BIASCOPE_OK) {
    const bs_moments old = trainer->moments;
    trainer->moments = moments;
    trainer->step = (uint64_t)step;
    if (trainer->lazy) bs_lazy_resume(trainer->lazy, &moments, trainer->step, t.step, t.mark, t.now);
    moments = old;
  }
  bs_moments_free(&moments);
  free_touched(&t);
  return status;
}

biascope_status bs_checkpoint_parse(biascope_trainer *trainer, const char *path, const char *bytes, size_t size,
                                    biascope_error *error) {
  json_error_t where;
  reader r = {.path = path, .root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where), .error = error};
  if (!r.root)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%d:%d: %s; expected a checkpoint", path, where.line, where.column,
                   where.text);
  const biascope_status status = read_state(&r, trainer);
  json_decref(r.root);
  return status;
}

biascope_status biascope_trainer_resume(biascope_trainer *trainer, const char *path, biascope_error *error) {
  bs_text text;
  biascope_status status = bs_text_load(&text, path, error);
  if (status != BIASCOPE_OK) return status;
  status = bs_checkpoint_parse(trainer, path, text.bytes, text.size, error);
  bs_text_free(&text);
  return status;
}
