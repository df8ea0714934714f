/* The state of a run as JSON: 17 digits carry every double exactly. A checksum over data, options and state
 * refuses files that are damaged or belong to another run. */
#include "train/trainer.h"

#include "base/error.h"
#include "base/file.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * 0x100000001b3u;
  return hash;
}

static uint64_t identity(const biascope_trainer *trainer) {
  const biascope_dataset *data = trainer->data;
  const biascope_train_options *o = &trainer->options;
  const double numbers[] = {
      trainer->moments.beta1, trainer->moments.beta2, o->eps, o->weight_decay, o->lr, o->lr_decay};
  const uint64_t words[] = {
      data->samples,      data->features, (uint64_t)o->optimizer, (uint64_t)o->loss, trainer->sampler.batch_size,
      (uint64_t)o->order, o->seed};
  uint64_t hash = mix(mix(0xcbf29ce484222325u, numbers, sizeof numbers), words, sizeof words);
  for (size_t i = 0; i < data->samples; i++) {
    size_t next = 0;
    for (size_t k = 0; k < data->features; k++) {
      const double x = bs_row_walk(data, i, k, &next);
      hash = mix(hash, &x, sizeof x);
    }
  }
  return hash;
}

static uint64_t checksum(const biascope_trainer *trainer) {
  const bs_moments *m = &trainer->moments;
  uint64_t hash = mix(identity(trainer), &trainer->step, sizeof trainer->step);
  const double *arrays[] = {m->w, m->m, m->v};
  for (int a = 0; a < 3; a++) hash = mix(hash, arrays[a], m->features * sizeof(double));
  return mix(mix(hash, m->exponent, m->features * sizeof *m->exponent), m->unseen, m->features * sizeof *m->unseen);
}

static json_t *numbers(size_t n, const double *values) {
  json_t *array = json_array();
  for (size_t i = 0; i < n; i++) json_array_append_new(array, json_real(values[i]));
  return array;
}

static json_t *least_or_null(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

biascope_status biascope_trainer_save(const biascope_trainer *trainer, const char *path, biascope_error *error) {
  const bs_moments *m = &trainer->moments;
  json_t *exponents = json_array(), *unseen = json_array();
  for (size_t k = 0; k < m->features; k++) {
    json_array_append_new(exponents, json_integer((json_int_t)m->exponent[k]));
    json_array_append_new(unseen, json_boolean(m->unseen[k]));
  }
  char sum[17];
  snprintf(sum, sizeof sum, "%016llx", (unsigned long long)checksum(trainer));
  json_t *root = json_pack("{s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format", "biascope checkpoint 1",
                           "checksum", sum, "step", (json_int_t)trainer->step, "common", m->common, "epoch_least",
                           least_or_null(trainer->epoch_least), "last_least", least_or_null(trainer->last_least), "w",
                           numbers(m->features, m->w), "m", numbers(m->features, m->m), "v", numbers(m->features, m->v),
                           "exponent", exponents, "unseen", unseen);
  if (!root) return bs_fail_memory(error, "a checkpoint");
  bs_output_file file;
  biascope_status status = bs_output_open(&file, path, error);
  if (status == BIASCOPE_OK) {
    json_dumpf(root, file.stream, JSON_REAL_PRECISION(17) | JSON_COMPACT);
    status = bs_output_commit(&file, error);
  }
  json_decref(root);
  return status;
}

static bool read_numbers(const json_t *root, const char *key, size_t n, double *values) {
  const json_t *array = json_object_get(root, key);
  if (!json_is_array(array) || json_array_size(array) != n) return false;
  for (size_t i = 0; i < n; i++) {
    if (!json_is_number(json_array_get(array, i))) return false;
    values[i] = json_number_value(json_array_get(array, i));
  }
  return true;
}

static bool read_state(const json_t *root, biascope_trainer *trainer) {
  bs_moments *m = &trainer->moments;
  const json_t *step = json_object_get(root, "step"), *exponent = json_object_get(root, "exponent");
  const json_t *unseen = json_object_get(root, "unseen");
  if (!json_is_integer(step) || json_integer_value(step) < 0 || json_array_size(exponent) != m->features ||
      json_array_size(unseen) != m->features || !read_numbers(root, "w", m->features, m->w) ||
      !read_numbers(root, "m", m->features, m->m) || !read_numbers(root, "v", m->features, m->v))
    return false;
  for (size_t k = 0; k < m->features; k++) {
    m->exponent[k] = json_integer_value(json_array_get(exponent, k));
    m->unseen[k] = json_is_true(json_array_get(unseen, k));
  }
  m->common = json_is_true(json_object_get(root, "common"));
  trainer->step = (uint64_t)json_integer_value(step);
  const json_t *epoch = json_object_get(root, "epoch_least"), *last = json_object_get(root, "last_least");
  trainer->epoch_least = json_is_number(epoch) ? json_number_value(epoch) : INFINITY;
  trainer->last_least = json_is_number(last) ? json_number_value(last) : INFINITY;
  return true;
}

biascope_status biascope_trainer_resume(biascope_trainer *trainer, const char *path, biascope_error *error) {
  json_error_t where;
  json_t *root = json_load_file(path, 0, &where);
  if (!root)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%d:%d: %s; expected a checkpoint", path, where.line, where.column,
                   where.text);
  const char *format = json_string_value(json_object_get(root, "format"));
  const char *sum = json_string_value(json_object_get(root, "checksum"));
  biascope_status status = BIASCOPE_OK;
  if (!format || strcmp(format, "biascope checkpoint 1") != 0 || !sum)
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: not a checkpoint of format 1", path);
  else if (!read_state(root, trainer) || checksum(trainer) != strtoull(sum, NULL, 16))
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: damaged, or of a run with other data or options", path);
  json_decref(root);
  if (status == BIASCOPE_OK) bs_moments_refresh(&trainer->moments);
  return status;
}
