#include "study/spec_source.h"

#include "base/error.h"
#include "base/memory.h"
#include "rule/optimizer.h"
#include "study/names.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    [BS_GRID_STEPS] = {.key = "steps", .whole = true, .low = 1, .high = BS_AXIS_MOST_WHOLE},
    [BS_GRID_SEED] = {.key = "seed", .whole = true, .low = 0, .high = BS_AXIS_MOST_WHOLE},
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
  const bs_toml *names = bs_toml_tables(node, &count);
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
    const int option = bs_axis_find_rule(GRID_RULES, BS_GRID_AXES, node->key);
    if (!strcmp(node->key, "data")) continue;
    if (option < 0)
      return bs_fail_toml_key(spec->path, node, error,
                              "data, optimizer, loss, order, batch_size, beta1, beta2, eps, weight_decay, lr, "
                              "lr_decay, steps, seed");
    const biascope_status status = read_option(spec, node, option, &grid->own[option], error);
    if (status != BIASCOPE_OK) return status;
  }
  return read_grid_data(spec, bs_toml_member(table, "data"), grid, error);
}

/* Every grid takes the shared options that it does not set itself; without a grid they are the only one. */
static biascope_status read_grids(bs_spec *spec, const bs_toml *root, biascope_error *error) {
  static const bs_toml EMPTY = {.kind = BS_TOML_TABLE};
  size_t count;
  const bs_toml *tables = bs_toml_tables(bs_toml_member(root, "grid"), &count);
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
  if (!strcmp(node->key, "name")) return bs_toml_read_text(spec->path, node, &spec->name, error);
  if (!strcmp(node->key, "record")) return read_record(spec, node, error);
  if (!strcmp(node->key, "predict")) {
    spec->predict = node->boolean;
    if (node->kind == BS_TOML_BOOLEAN) return BIASCOPE_OK;
    return bs_fail_toml(spec->path, node, error, "predict: %s; expected true or false", node->text);
  }
  const int option = bs_axis_find_rule(GRID_RULES, BS_GRID_AXES, node->key);
  if (option < 0)
    return bs_fail_toml_key(spec->path, node, error,
                            "name, record, predict, data, grid, or an option of a grid: optimizer, loss, order, "
                            "batch_size, beta1, beta2, eps, weight_decay, lr, lr_decay, steps, seed");
  return read_option(spec, node, option, &spec->shared[option], error);
}

biascope_status bs_spec_read(const char *path, bs_spec *out, biascope_error *error) {
  *out = (bs_spec){.path = path, .record_per_decade = 8, .predict = true};
  const bs_toml *root = NULL;
  biascope_status status = bs_toml_read(path, &out->document, &root, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < root->count; i++)
    status = read_study_key(out, &root->items[i], error);
  if (status == BIASCOPE_OK) status = bs_spec_read_sources(out, root, error);
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
