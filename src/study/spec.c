#include "study/spec.h"

#include "base/error.h"
#include "base/memory.h"
#include "study/names.h"
#include "train/optimizer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MOST = 0x1p53; /* whole numbers a double holds exactly */

/* The ranges of real options are the trainer's own: bs_train_options_check. */
static const bs_axis_rule GRID_RULES[BS_GRID_AXES] = {
    [BS_GRID_OPTIMIZER] = {.key = "optimizer", .names = BS_OPTIMIZER_NAMES},
    [BS_GRID_LOSS] = {.key = "loss", .names = BS_LOSS_NAMES},
    [BS_GRID_ORDER] = {.key = "order", .names = BS_ORDER_NAMES},
    [BS_GRID_BATCH_SIZE] = {.key = "batch_size", .zero_name = "full", .whole = true, .low = 1, .high = UINT32_MAX},
    [BS_GRID_BETA1] = {.key = "beta1", .low = -INFINITY, .high = INFINITY},
    [BS_GRID_BETA2] = {.key = "beta2", .low = -INFINITY, .high = INFINITY},
    [BS_GRID_EPS] = {.key = "eps", .low = -INFINITY, .high = INFINITY},
    [BS_GRID_WEIGHT_DECAY] = {.key = "weight_decay", .low = -INFINITY, .high = INFINITY},
    [BS_GRID_LR] = {.key = "lr", .low = -INFINITY, .high = INFINITY},
    [BS_GRID_LR_DECAY] = {.key = "lr_decay", .low = -INFINITY, .high = INFINITY},
    [BS_GRID_STEPS] = {.key = "steps", .whole = true, .low = 1, .high = MOST},
    [BS_GRID_SEED] = {.key = "seed", .whole = true, .low = 0, .high = MOST},
};

static const bs_axis_rule SOURCE_RULES[BS_SOURCE_AXES] = {
    [BS_SOURCE_SAMPLES] = {.key = "samples", .whole = true, .low = 1, .high = UINT32_MAX},
    [BS_SOURCE_FEATURES] = {.key = "features", .whole = true, .low = 1, .high = UINT32_MAX},
    [BS_SOURCE_NONZEROS] = {.key = "nonzeros", .whole = true, .low = 1, .high = UINT32_MAX},
    [BS_SOURCE_MARGIN] = {.key = "margin", .low = 0, .high = 1e300},
    [BS_SOURCE_DELTA] = {.key = "delta", .low = 0, .high = 1e300},
    [BS_SOURCE_SEED] = {.key = "seed", .whole = true, .low = 0, .high = MOST},
};

void bs_grid_apply(bs_grid_option option, double value, biascope_train_options *options, uint64_t *steps) {
  switch (option) {
  case BS_GRID_OPTIMIZER: /* chooses the defaults, so it is applied when the options are made */
  case BS_GRID_AXES:
    break;
  case BS_GRID_LOSS:
    options->loss = (biascope_loss)value;
    break;
  case BS_GRID_ORDER:
    options->order = (biascope_order)value;
    break;
  case BS_GRID_BATCH_SIZE:
    options->batch_size = (size_t)value;
    break;
  case BS_GRID_BETA1:
    options->beta1 = value;
    break;
  case BS_GRID_BETA2:
    options->beta2 = value;
    break;
  case BS_GRID_EPS:
    options->eps = value;
    break;
  case BS_GRID_WEIGHT_DECAY:
    options->weight_decay = value;
    break;
  case BS_GRID_LR:
    options->lr = value;
    break;
  case BS_GRID_LR_DECAY:
    options->lr_decay = value;
    break;
  case BS_GRID_STEPS:
    *steps = (uint64_t)value;
    break;
  case BS_GRID_SEED:
    options->seed = (uint64_t)value;
    break;
  }
}

/* ---- Texts ---------------------------------------------------------------------------------------- */

static biascope_status read_string(const bs_spec *spec, const bs_toml *node, const char **out, biascope_error *error) {
  if (node->kind != BS_TOML_STRING || !node->string[0])
    return bs_fail_toml(spec->path, node, error, "%s: %s; expected a text in quotes", node->key, node->text);
  *out = node->string;
  return BIASCOPE_OK;
}

static biascope_status fail_unknown(const bs_spec *spec, const bs_toml *node, const char *expected,
                                    biascope_error *error) {
  const bs_toml key = {.line = node->key_line, .column = node->key_column};
  return bs_fail_toml(spec->path, &key, error, "'%s' is not known here; expected one of %s", node->key, expected);
}

static int find_rule(const bs_axis_rule *rules, int count, const char *key) {
  for (int i = 0; i < count; i++) {
    if (!strcmp(rules[i].key, key)) return i;
  }
  return -1;
}

/* ---- Data sources --------------------------------------------------------------------------------- */

/* Seen from the specification's folder. */
static char *resolve(const char *spec_path, const char *file) {
  const char *slash = file[0] == '/' ? NULL : strrchr(spec_path, '/');
  const size_t folder = slash ? (size_t)(slash - spec_path) + 1 : 0, length = strlen(file);
  char *path = malloc(folder + length + 1);
  if (!path) return NULL;
  memcpy(path, spec_path, folder);
  memcpy(path + folder, file, length + 1);
  return path;
}

static biascope_status read_generator(const bs_spec *spec, const bs_toml *node, bs_source *source,
                                      biascope_error *error) {
  const bs_axis_rule rule = {.key = "generate", .names = BS_GENERATOR_NAMES};
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
  if (!strcmp(node->key, "name")) return read_string(spec, node, &source->name, error);
  if (!strcmp(node->key, "label_column")) return read_string(spec, node, &source->label_column, error);
  if (!strcmp(node->key, "generate")) return read_generator(spec, node, source, error);
  if (!strcmp(node->key, "file")) {
    const biascope_status status = read_string(spec, node, &source->file, error);
    if (status != BIASCOPE_OK) return status;
    source->path = resolve(spec->path, source->file);
    return source->path ? BIASCOPE_OK : bs_fail_memory(error, "a file name");
  }
  const int axis = find_rule(SOURCE_RULES, BS_SOURCE_AXES, node->key);
  if (axis < 0)
    return fail_unknown(spec, node,
                        "name, file, label_column, generate, samples, features, nonzeros, margin, delta, seed", error);
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
                          BS_GENERATOR_NAMES[source->kind]);
  }
  for (int a = BS_SOURCE_SAMPLES; generated && a <= BS_SOURCE_FEATURES; a++) {
    if (source->axes[a].count == 0)
      return bs_fail_toml(spec->path, table, error, "'%s' is missing: a generated data set needs it",
                          SOURCE_RULES[a].key);
  }
  const char *slash = generated ? NULL : strrchr(source->file, '/');
  if (!source->name) source->name = generated ? BS_GENERATOR_NAMES[source->kind] : slash ? slash + 1 : source->file;
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

/* [key] is one table, [[key]] an array of them. */
static const bs_toml *tables_of(const bs_toml *node, size_t *count) {
  *count = !node ? 0 : node->kind == BS_TOML_ARRAY ? node->count : 1;
  return node && node->kind == BS_TOML_ARRAY ? node->items : node;
}

static biascope_status read_sources(bs_spec *spec, const bs_toml *root, biascope_error *error) {
  size_t count;
  const bs_toml *tables = tables_of(bs_toml_member(root, "data"), &count);
  if (count == 0) return bs_fail_toml(spec->path, root, error, "no data; expected at least one table [[data]]");
  spec->sources = BS_NEW(bs_source, count);
  if (!spec->sources) return bs_fail_memory(error, "the data sources");
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) status = read_source(spec, &tables[i], error);
  return status;
}

/* ---- Grids ---------------------------------------------------------------------------------------- */

/* Reads an axis of options. Each real value is put to the trainer's own check of its range. */
static biascope_status read_option(const bs_spec *spec, const bs_toml *node, int option, bs_axis *out,
                                   biascope_error *error) {
  biascope_status status = bs_axis_read(spec->path, node, &GRID_RULES[option], out, error);
  for (size_t i = 0; i < out->count && status == BIASCOPE_OK; i++) {
    biascope_train_options options = biascope_train_defaults(BIASCOPE_GD);
    uint64_t steps;
    bs_grid_apply((bs_grid_option)option, out->values[i].number, &options, &steps);
    biascope_error reason;
    if (bs_train_options_check(&options, SIZE_MAX, &reason) != BIASCOPE_OK)
      status = bs_fail_toml(spec->path, out->values[i].where, error, "%s", reason.message);
  }
  return status;
}

static biascope_status use_source(const bs_spec *spec, const bs_toml *name, bs_grid *grid, biascope_error *error) {
  for (size_t s = 0; name->kind == BS_TOML_STRING && s < spec->source_count; s++) {
    if (strcmp(spec->sources[s].name, name->string) != 0) continue;
    grid->uses_source[s] = true;
    return BIASCOPE_OK;
  }
  return bs_fail_toml(spec->path, name, error, "data: %s; expected the name of a table [[data]]", name->text);
}

static biascope_status read_grid_data(const bs_spec *spec, const bs_toml *node, bs_grid *grid, biascope_error *error) {
  size_t count;
  const bs_toml *names = tables_of(node, &count);
  if (!node) {
    for (size_t s = 0; s < spec->source_count; s++) grid->uses_source[s] = true;
    return BIASCOPE_OK;
  }
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) status = use_source(spec, &names[i], grid, error);
  return status;
}

static biascope_status read_grid(bs_spec *spec, const bs_toml *table, biascope_error *error) {
  bs_grid *grid = &spec->grids[spec->grid_count++];
  grid->where = table;
  grid->uses_source = BS_NEW(bool, spec->source_count);
  if (!grid->uses_source) return bs_fail_memory(error, "a grid");
  if (table->kind != BS_TOML_TABLE)
    return bs_fail_toml(spec->path, table, error, "grid: %s; expected tables [[grid]]", table->text);
  for (size_t i = 0; i < table->count; i++) {
    const bs_toml *node = &table->items[i];
    const int option = find_rule(GRID_RULES, BS_GRID_AXES, node->key);
    if (!strcmp(node->key, "data")) continue;
    if (option < 0)
      return fail_unknown(spec, node,
                          "data, optimizer, loss, order, batch_size, beta1, beta2, eps, weight_decay, lr, "
                          "lr_decay, steps, seed",
                          error);
    const biascope_status status = read_option(spec, node, option, &grid->own[option], error);
    if (status != BIASCOPE_OK) return status;
  }
  return read_grid_data(spec, bs_toml_member(table, "data"), grid, error);
}

/* Every grid takes the shared options that it does not set itself; without a grid they are the only one. */
static biascope_status read_grids(bs_spec *spec, const bs_toml *root, biascope_error *error) {
  static const bs_toml EMPTY = {.kind = BS_TOML_TABLE};
  size_t count;
  const bs_toml *tables = tables_of(bs_toml_member(root, "grid"), &count);
  if (count == 0) {
    tables = &EMPTY;
    count = 1;
  }
  spec->grids = BS_NEW(bs_grid, count);
  if (!spec->grids) return bs_fail_memory(error, "the grids");
  for (size_t i = 0; i < count; i++) {
    const biascope_status status = read_grid(spec, &tables[i], error);
    if (status != BIASCOPE_OK) return status;
    bs_grid *grid = &spec->grids[i];
    if (tables == &EMPTY) grid->where = root;
    for (int a = 0; a < BS_GRID_AXES; a++) {
      const bs_axis *axis = grid->own[a].count ? &grid->own[a] : &spec->shared[a];
      grid->axes[a] = axis->count ? axis : NULL;
    }
    if (!grid->axes[BS_GRID_STEPS])
      return bs_fail_toml(spec->path, grid->where, error, "'steps' is missing: the optimizer steps of a run");
    if (!grid->axes[BS_GRID_OPTIMIZER])
      return bs_fail_toml(spec->path, grid->where, error, "'optimizer' is missing: the name of one, or a list");
  }
  return BIASCOPE_OK;
}

/* ---- The study ------------------------------------------------------------------------------------ */

static biascope_status read_record(bs_spec *spec, const bs_toml *node, biascope_error *error) {
  char *end = NULL;
  unsigned long count = 0;
  if (node->string && !strncmp(node->string, "log:", 4)) count = strtoul(node->string + 4, &end, 10);
  if (!end || *end || count < 1 || count > 1000)
    return bs_fail_toml(spec->path, node, error, "record: %s; expected \"log:K\" with K from 1 to 1000 steps a decade",
                        node->text);
  spec->record_per_decade = (unsigned)count;
  return BIASCOPE_OK;
}

static biascope_status read_study_key(bs_spec *spec, const bs_toml *node, biascope_error *error) {
  if (!strcmp(node->key, "data") || !strcmp(node->key, "grid")) return BIASCOPE_OK;
  if (!strcmp(node->key, "name")) return read_string(spec, node, &spec->name, error);
  if (!strcmp(node->key, "record")) return read_record(spec, node, error);
  if (!strcmp(node->key, "predict")) {
    spec->predict = node->boolean;
    if (node->kind == BS_TOML_BOOLEAN) return BIASCOPE_OK;
    return bs_fail_toml(spec->path, node, error, "predict: %s; expected true or false", node->text);
  }
  const int option = find_rule(GRID_RULES, BS_GRID_AXES, node->key);
  if (option < 0)
    return fail_unknown(spec, node,
                        "name, record, predict, data, grid, or an option of a grid: optimizer, loss, order, "
                        "batch_size, beta1, beta2, eps, weight_decay, lr, lr_decay, steps, seed",
                        error);
  return read_option(spec, node, option, &spec->shared[option], error);
}

biascope_status bs_spec_read(const char *path, bs_spec *out, biascope_error *error) {
  *out = (bs_spec){.path = path, .record_per_decade = 8, .predict = true};
  const bs_toml *root = NULL;
  biascope_status status = bs_toml_read(path, &out->document, &root, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < root->count; i++)
    status = read_study_key(out, &root->items[i], error);
  if (status == BIASCOPE_OK) status = read_sources(out, root, error);
  if (status == BIASCOPE_OK) status = read_grids(out, root, error);
  const char *slash = strrchr(path, '/');
  if (!out->name) out->name = slash ? slash + 1 : path;
  if (status != BIASCOPE_OK) bs_spec_free(out);
  return status;
}

void bs_spec_free(bs_spec *spec) {
  for (size_t s = 0; s < spec->source_count; s++) {
    free(spec->sources[s].path);
    for (int a = 0; a < BS_SOURCE_AXES; a++) bs_axis_free(&spec->sources[s].axes[a]);
  }
  for (size_t g = 0; g < spec->grid_count; g++) {
    free(spec->grids[g].uses_source);
    for (int a = 0; a < BS_GRID_AXES; a++) bs_axis_free(&spec->grids[g].own[a]);
  }
  for (int a = 0; a < BS_GRID_AXES; a++) bs_axis_free(&spec->shared[a]);
  free(spec->sources);
  free(spec->grids);
  bs_toml_free(spec->document);
  *spec = (bs_spec){0};
}
