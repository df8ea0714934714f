#include "study/spec_source.h"

#include "base/error.h"
#include "base/memory.h"
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
};

/* The path is relative to the specification's folder. */
static biascope_status read_file_name(const bs_spec *spec, const bs_toml *node, bs_source *source,
                                      biascope_error *error) {
  const biascope_status status = bs_toml_read_text(spec->path, node, &source->file, error);
  if (status != BIASCOPE_OK) return status;
  const char *slash = source->file[0] == '/' ? NULL : strrchr(spec->path, '/');
  const size_t folder = slash ? (size_t)(slash - spec->path) + 1 : 0, length = strlen(source->file);
  source->path = BS_NEW(char, folder + length + 1);
  if (!source->path) return bs_fail_memory(error, "a file name");
  memcpy(source->path, spec->path, folder);
  memcpy(source->path + folder, source->file, length + 1);
  return BIASCOPE_OK;
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
  if (!strcmp(node->key, "label_column")) return bs_toml_read_text(spec->path, node, &source->label_column, error);
  if (!strcmp(node->key, "generate")) return read_generator(spec, node, source, error);
  if (!strcmp(node->key, "file")) return read_file_name(spec, node, source, error);
  const int axis = bs_axis_find_rule(SOURCE_RULES, BS_SOURCE_AXES, node->key);
  if (axis < 0)
    return bs_fail_toml_key(
        spec->path, node, error,
        "name, file, label_column, generate, samples, features, nonzeros, margin, delta, seed, classes, distance");
  return bs_axis_read(spec->path, node, &SOURCE_RULES[axis], &source->axes[axis], error);
}

/* Whether the generator reads the option. */
static bool generator_reads(biascope_generator kind, bs_source_option option) {
  switch (option) {
  case BS_SOURCE_MARGIN:
  case BS_SOURCE_NONZEROS:
    return kind == BIASCOPE_TEACHER;
  case BS_SOURCE_DELTA:
    return kind == BIASCOPE_SHIFTED_DIAGONAL;
  case BS_SOURCE_CLASSES:
    return kind == BIASCOPE_TEACHER || kind == BIASCOPE_MIXTURE;
  case BS_SOURCE_DISTANCE:
    return kind == BIASCOPE_MIXTURE;
  default:
    return true;
  }
}

static biascope_status check_source(const bs_spec *spec, const bs_toml *table, bs_source *source,
                                    biascope_error *error) {
  const bool generated = bs_toml_member(table, "generate") != NULL;
  if (generated == (source->path != NULL))
    return bs_fail_toml(spec->path, table, error, "a data set has either a 'file' or 'generate'; here are %s",
                        generated ? "both" : "neither");
  if (generated && source->label_column)
    return bs_fail_toml(spec->path, bs_toml_member(table, "label_column"), error, "label_column goes with 'file'");
  for (int a = 0; a < BS_SOURCE_AXES; a++) {
    if (source->axes[a].count == 0) continue;
    const bs_toml *where = bs_toml_member(table, SOURCE_RULES[a].key);
    if (!generated) return bs_fail_toml(spec->path, where, error, "%s goes with 'generate', not 'file'", where->key);
    if (!generator_reads(source->kind, (bs_source_option)a))
      return bs_fail_toml(spec->path, where, error, "%s: the generator %s has no use for it", where->key,
                          biascope_generator_name(source->kind));
  }
  for (int a = BS_SOURCE_SAMPLES; generated && a <= BS_SOURCE_FEATURES; a++) {
    if (source->axes[a].count == 0)
      return bs_fail_toml(spec->path, table, error, "'%s' is missing: a generated data set needs it",
                          SOURCE_RULES[a].key);
  }
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
