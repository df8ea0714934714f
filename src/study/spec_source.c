#include "study/spec_source.h"

#include "base/error.h"
#include "base/memory.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bs_axis_rule SOURCE_RULES[BS_SOURCE_AXES] = {
    [BS_SOURCE_SAMPLES] = {.key = "samples", .whole = true, .low = 1, .high = UINT32_MAX},
    [BS_SOURCE_FEATURES] = {.key = "features", .whole = true, .low = 1, .high = UINT32_MAX},
    [BS_SOURCE_NONZEROS] = {.key = "nonzeros", .whole = true, .low = 1, .high = UINT32_MAX},
    [BS_SOURCE_MARGIN] = {.key = "margin", .low = 0, .high = 1e300},
    [BS_SOURCE_DELTA] = {.key = "delta", .low = 0, .high = 1e300},
    [BS_SOURCE_SEED] = {.key = "seed", .whole = true, .low = 0, .high = BS_AXIS_MOST_WHOLE},
    [BS_SOURCE_CLASSES] = {.key = "classes", .whole = true, .low = 2, .high = 1000},
    [BS_SOURCE_DISTANCE] = {.key = "distance", .low = 0, .high = 1e300},
    [BS_SOURCE_TEST_FRACTION] = {.key = "test_fraction", .low = 1e-9, .high = 1 - 1e-9},
};

/* Keys that name a file, relative to the specification's folder. */
static const struct {
  const char *key;
  size_t offset; /* in bs_source */
} FILE_KEYS[] = {{"file", offsetof(bs_source, path)},
                 {"labels", offsetof(bs_source, labels)},
                 {"test", offsetof(bs_source, test)},
                 {"test_labels", offsetof(bs_source, test_labels)}};
enum { FILE_KEY_COUNT = sizeof FILE_KEYS / sizeof *FILE_KEYS };

/* The member that holds the path of the file; NULL: the key does not name a file. */
static char **path_of(bs_source *source, const char *key) {
  for (size_t i = 0; i < FILE_KEY_COUNT; i++)
    if (!strcmp(FILE_KEYS[i].key, key)) return (char **)((char *)source + FILE_KEYS[i].offset);
  return NULL;
}

static biascope_status read_path(const bs_spec *spec, const bs_toml *node, char **path, biascope_error *error) {
  const char *written;
  const biascope_status status = bs_toml_read_text(spec->path, node, &written, error);
  if (status != BIASCOPE_OK) return status;
  const char *slash = written[0] == '/' ? NULL : strrchr(spec->path, '/');
  const size_t folder = slash ? (size_t)(slash - spec->path) + 1 : 0, length = strlen(written);
  *path = BS_NEW(char, folder + length + 1);
  if (!*path) return bs_fail_memory(error, "a file name");
  memcpy(*path, spec->path, folder);
  memcpy(*path + folder, written, length + 1);
  return BIASCOPE_OK;
}

static bool is_read_option(const char *key) {
  for (size_t i = 0; i < biascope_read_option_count(); i++)
    if (!strcmp(biascope_read_option_at(i)->name, key)) return true;
  return false;
}

static biascope_status read_option(const bs_spec *spec, const bs_toml *node, bs_source *source, biascope_error *error) {
  const char *value = node->kind == BS_TOML_STRING    ? node->string
                      : node->kind == BS_TOML_BOOLEAN ? node->boolean ? "true" : "false"
                      : node->kind == BS_TOML_INTEGER ? node->text
                                                      : NULL;
  if (!value)
    return bs_fail_toml(spec->path, node, error, "%s: %s; expected text, a whole number, true or false", node->key,
                        node->text);
  biascope_error reason;
  if (biascope_read_options_set(&source->read, node->key, value, &reason) == BIASCOPE_OK) return BIASCOPE_OK;
  return bs_fail_toml(spec->path, node, error, "%s", reason.message);
}

/* An error about a key that is not known in a table [[data]]. */
static biascope_status fail_key(const bs_spec *spec, const bs_toml *node, biascope_error *error) {
  char known[640] = "name, generate, file, test, test_labels";
  for (size_t i = 0; i < biascope_read_option_count(); i++)
    snprintf(known + strlen(known), sizeof known - strlen(known), ", %s", biascope_read_option_at(i)->name);
  for (int a = 0; a < BS_SOURCE_AXES; a++)
    snprintf(known + strlen(known), sizeof known - strlen(known), ", %s", SOURCE_RULES[a].key);
  return bs_fail_toml_key(spec->path, node, error, known);
}

static const char *generator_name(size_t index) {
  return biascope_generator_name((biascope_generator)index);
}

static biascope_status read_generator(const bs_spec *spec, const bs_toml *node, bs_source *source,
                                      biascope_error *error) {
  const bs_axis_rule rule = {.key = "generate", .name = generator_name};
  bs_axis kind;
  const biascope_status status = bs_axis_read(spec->path, node, &rule, &kind, error);
  if (status != BIASCOPE_OK) return status;
  const bool single = kind.count == 1;
  source->kind = (biascope_generator)kind.values[0].number;
  bs_axis_free(&kind);
  return single ? BIASCOPE_OK : bs_fail_toml(spec->path, node, error, "generate: %s; expected one kind", node->text);
}

static biascope_status read_source_key(const bs_spec *spec, const bs_toml *node, bs_source *source,
                                       biascope_error *error) {
  if (!strcmp(node->key, "name")) return bs_toml_read_text(spec->path, node, &source->name, error);
  if (!strcmp(node->key, "generate")) return read_generator(spec, node, source, error);
  char **path = path_of(source, node->key);
  if (path) return read_path(spec, node, path, error);
  if (is_read_option(node->key)) return read_option(spec, node, source, error);
  const int axis = bs_axis_find_rule(SOURCE_RULES, BS_SOURCE_AXES, node->key);
  if (axis < 0) return fail_key(spec, node, error);
  return bs_axis_read(spec->path, node, &SOURCE_RULES[axis], &source->axes[axis], error);
}

/* Whether a data set that is generated, or read from a file, depends on the axis. */
static bool reads_axis(const bs_source *source, bs_source_option option) {
  const bool generated = !source->path;
  switch (option) {
  case BS_SOURCE_TEST_FRACTION:
    return !generated;
  case BS_SOURCE_SEED:
    return generated || source->axes[BS_SOURCE_TEST_FRACTION].count > 0;
  case BS_SOURCE_MARGIN:
  case BS_SOURCE_NONZEROS:
    return generated && source->kind == BIASCOPE_TEACHER;
  case BS_SOURCE_DELTA:
    return generated && source->kind == BIASCOPE_SHIFTED_DIAGONAL;
  case BS_SOURCE_CLASSES:
    return generated && (source->kind == BIASCOPE_TEACHER || source->kind == BIASCOPE_MIXTURE);
  case BS_SOURCE_DISTANCE:
    return generated && source->kind == BIASCOPE_MIXTURE;
  default:
    return generated;
  }
}

static biascope_status check_axes(const bs_spec *spec, const bs_toml *table, const bs_source *source,
                                  biascope_error *error) {
  const bool generated = !source->path;
  for (int a = 0; a < BS_SOURCE_AXES; a++) {
    if (source->axes[a].count == 0 || reads_axis(source, (bs_source_option)a)) continue;
    const bs_toml *where = bs_toml_member(table, SOURCE_RULES[a].key);
    if (generated && a != BS_SOURCE_TEST_FRACTION)
      return bs_fail_toml(spec->path, where, error, "%s: the generator %s has no use for it", where->key,
                          biascope_generator_name(source->kind));
    return bs_fail_toml(spec->path, where, error, "%s goes with %s", where->key,
                        generated             ? "'file'"
                        : a == BS_SOURCE_SEED ? "'generate' or 'test_fraction'"
                                              : "'generate', not 'file'");
  }
  for (int a = BS_SOURCE_SAMPLES; generated && a <= BS_SOURCE_FEATURES; a++) {
    if (source->axes[a].count == 0)
      return bs_fail_toml(spec->path, table, error, "'%s' is missing: a generated data set needs it",
                          SOURCE_RULES[a].key);
  }
  return BIASCOPE_OK;
}

/* Keys that are about a file, or about test data. */
static biascope_status check_keys(const bs_spec *spec, const bs_toml *table, bs_source *source, biascope_error *error) {
  for (size_t i = 0; !source->path && i < table->count; i++) {
    const bs_toml *node = &table->items[i];
    if (path_of(source, node->key) || is_read_option(node->key))
      return bs_fail_toml(spec->path, node, error, "%s goes with 'file'", node->key);
  }
  if (source->test_labels && !source->test)
    return bs_fail_toml(spec->path, bs_toml_member(table, "test_labels"), error, "test_labels goes with 'test'");
  if (source->test && source->axes[BS_SOURCE_TEST_FRACTION].count > 0)
    return bs_fail_toml(spec->path, bs_toml_member(table, "test_fraction"), error,
                        "test and test_fraction: expected one of them");
  return BIASCOPE_OK;
}

static biascope_status check_source(const bs_spec *spec, const bs_toml *table, bs_source *source,
                                    biascope_error *error) {
  const bool generated = bs_toml_member(table, "generate") != NULL;
  if (generated == (source->path != NULL))
    return bs_fail_toml(spec->path, table, error, "a data set has either a 'file' or 'generate'; here are %s",
                        generated ? "both" : "neither");
  biascope_status status = check_keys(spec, table, source, error);
  if (status == BIASCOPE_OK) status = check_axes(spec, table, source, error);
  if (status != BIASCOPE_OK) return status;
  source->read.labels = source->labels;
  source->read.several_classes = true;
  source->file = generated ? NULL : bs_toml_member(table, "file")->string;
  const char *slash = generated ? NULL : strrchr(source->file, '/');
  if (!source->name)
    source->name = generated ? biascope_generator_name(source->kind) : slash ? slash + 1 : source->file;
  return BIASCOPE_OK;
}

static biascope_status read_source(bs_spec *spec, const bs_toml *table, biascope_error *error) {
  bs_source *source = &spec->sources[spec->source_count++];
  source->where = table;
  if (table->kind != BS_TOML_TABLE)
    return bs_fail_toml(spec->path, table, error, "data: %s; expected tables [[data]]", table->text);
  for (size_t i = 0; i < table->count; i++) {
    const biascope_status status = read_source_key(spec, &table->items[i], source, error);
    if (status != BIASCOPE_OK) return status;
  }
  const biascope_status status = check_source(spec, table, source, error);
  if (status != BIASCOPE_OK) return status;
  for (size_t i = 0; i + 1 < spec->source_count; i++) {
    if (!strcmp(spec->sources[i].name, source->name))
      return bs_fail_toml(spec->path, table, error, "a second data set called '%s'; give one of them another 'name'",
                          source->name);
  }
  return BIASCOPE_OK;
}

biascope_status bs_spec_read_sources(bs_spec *spec, const bs_toml *root, biascope_error *error) {
  size_t count;
  const bs_toml *tables = bs_toml_tables(bs_toml_member(root, "data"), &count);
  if (count == 0) return bs_fail_toml(spec->path, root, error, "no data; expected at least one table [[data]]");
  spec->sources = BS_NEW(bs_source, count);
  if (!spec->sources) return bs_fail_memory(error, "the data sources");
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) status = read_source(spec, &tables[i], error);
  return status;
}

/* ---- Test data that the specification does not name ------------------------------------------------ */

static biascope_status add_test(bs_source *source, const char *test, double fraction, biascope_error *error) {
  bs_axis *axis = &source->axes[BS_SOURCE_TEST_FRACTION];
  if (test) {
    source->test = bs_copy_text(test);
    return source->test ? BIASCOPE_OK : bs_fail_memory(error, "a file name");
  }
  axis->values = BS_NEW(bs_axis_value, 1);
  if (!axis->values) return bs_fail_memory(error, "a fraction to test on");
  axis->values[0] = (bs_axis_value){fraction, source->where};
  axis->count = 1;
  return BIASCOPE_OK;
}

biascope_status bs_spec_add_test(bs_spec *spec, const char *test, double fraction, biascope_error *error) {
  size_t added = 0;
  if (test && fraction > 0.0) return bs_fail(error, BIASCOPE_USAGE, "test and test_fraction: expected one of them");
  for (size_t s = 0; s < spec->source_count; s++) {
    bs_source *source = &spec->sources[s];
    if (!source->path || source->test || source->axes[BS_SOURCE_TEST_FRACTION].count > 0) continue;
    const biascope_status status = add_test(source, test, fraction, error);
    if (status != BIASCOPE_OK) return status;
    added++;
  }
  if (added > 0) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE,
                 "%s: no data set is a file without test data of its own; expected one to test on", spec->path);
}
