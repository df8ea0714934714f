#include "study/spec_source.h"

#include "base/error.h"
#include "base/memory.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The axis as a study writes it; false for an option that changes no result, which is not an axis. */
static bool axis_rule(int axis, bs_axis_rule *out) {
  if (axis == BS_GRID_STEPS) {
    *out = (bs_axis_rule){.key = "steps", .whole = true, .low = 1, .high = BS_AXIS_MOST_WHOLE};
    return true;
  }
  const bs_option_row *row = bs_option_row_of((bs_option)axis);
  *out = (bs_axis_rule){.key = row->name, .name = row->choice, .zero_name = row->zero_name};
  out->flag = row->type == BIASCOPE_OPTION_FLAG;
  out->whole = row->type == BIASCOPE_OPTION_WHOLE;
  /* bs_option_check checks the ranges of real numbers. */
  out->low = out->whole ? (double)row->least : -INFINITY;
  out->high = out->whole ? fmin((double)row->most, BS_AXIS_MOST_WHOLE) : INFINITY;
  return !row->speed_only;
}

/* The axis of that key; BS_GRID_AXES: none. */
static int find_axis(const char *key, bs_axis_rule *out) {
  int axis = 0;
  while (axis < BS_GRID_AXES && !(axis_rule(axis, out) && !strcmp(out->key, key))) axis++;
  return axis;
}

/* An error about a key that is neither among `others` nor an axis. */
static biascope_status fail_key(const bs_spec *spec, const bs_toml *node, const char *others, biascope_error *error) {
  char known[512];
  snprintf(known, sizeof known, "%s", others);
  bs_axis_rule rule;
  for (int axis = 0; axis < BS_GRID_AXES; axis++)
    if (axis_rule(axis, &rule)) snprintf(known + strlen(known), sizeof known - strlen(known), ", %s", rule.key);
  return bs_fail_toml_key(spec->path, node, error, known);
}

/* ---- Grids ---------------------------------------------------------------------------------------- */

/* Reads an axis of options. Each value must pass the option's own check of its range. */
static biascope_status read_axis(const bs_spec *spec, const bs_toml *node, int axis, const bs_axis_rule *rule,
                                 bs_axis *out, biascope_error *error) {
  biascope_status status = bs_axis_read(spec->path, node, rule, out, error);
  for (size_t i = 0; i < out->count && status == BIASCOPE_OK && axis != BS_GRID_STEPS; i++) {
    biascope_options options = bs_options_of(BIASCOPE_GD);
    const bs_option option = (bs_option)axis;
    bs_option_put(&options, option, bs_option_of_number(option, out->values[i].number));
    biascope_error reason;
    if (bs_option_check(&options, option, &reason) != BIASCOPE_OK)
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
    bs_axis_rule rule;
    const int axis = find_axis(node->key, &rule);
    if (!strcmp(node->key, "data")) continue;
    if (axis == BS_GRID_AXES) return fail_key(spec, node, "data", error);
    const biascope_status status = read_axis(spec, node, axis, &rule, &grid->own[axis], error);
    if (status != BIASCOPE_OK) return status;
  }
  return read_grid_data(spec, bs_toml_member(table, "data"), grid, error);
}

/* ---- Values that nothing reads ------------------------------------------------------------------- */

/* Whether some run of the grid reads that value of the axis, or is the same without it. */
static bool grid_uses(const bs_grid *grid, bs_option option, double value) {
  const bs_axis *optimizers = grid->axes[BS_OPTION_OPTIMIZER], *needed = grid->axes[bs_option_row_of(option)->needs];
  const size_t needs = needed ? needed->count : 1;
  for (size_t i = 0; i < optimizers->count; i++) {
    biascope_options options = bs_options_of((biascope_optimizer)optimizers->values[i].number);
    bs_option_put(&options, option, bs_option_of_number(option, value));
    if (bs_option_is_usual(&options, option)) return true;
    for (size_t n = 0; n < needs; n++) {
      const bs_option other = bs_option_row_of(option)->needs;
      if (other && needed) bs_option_put(&options, other, bs_option_of_number(other, needed->values[n].number));
      if (bs_option_is_read(&options, option)) return true;
    }
  }
  return false;
}

/* A value applies where it is read. It is an error if no grid that takes the axis reads it. */
static biascope_status check_axis_is_read(const bs_spec *spec, bs_option option, const bs_axis *axis,
                                          biascope_error *error) {
  for (size_t i = 0; i < axis->count; i++) {
    const bs_grid *user = NULL;
    bool used = false;
    for (size_t g = 0; g < spec->grid_count; g++) {
      if (spec->grids[g].axes[option] != axis) continue;
      user = &spec->grids[g];
      used |= grid_uses(user, option, axis->values[i].number);
    }
    if (used || !user) continue;
    const biascope_options options =
        bs_options_of((biascope_optimizer)user->axes[BS_OPTION_OPTIMIZER]->values[0].number);
    char why[512];
    bs_option_explain(&options, option, why, sizeof why);
    const bs_toml *where = axis->values[i].where;
    return bs_fail_toml(spec->path, where, error, "%s: %s; no run of the study reads it: %s",
                        bs_option_row_of(option)->name, where->text, why);
  }
  return BIASCOPE_OK;
}

static biascope_status check_values_are_read(const bs_spec *spec, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (int a = BS_OPTION_OPTIMIZER + 1; a < BS_OPTIONS && status == BIASCOPE_OK; a++) {
    status = check_axis_is_read(spec, (bs_option)a, &spec->shared[a], error);
    for (size_t g = 0; g < spec->grid_count && status == BIASCOPE_OK; g++)
      status = check_axis_is_read(spec, (bs_option)a, &spec->grids[g].own[a], error);
  }
  return status;
}

/* Every grid takes the shared options that it does not set itself. If there is no grid, they form the only one. */
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
    if (!grid->axes[BS_OPTION_OPTIMIZER])
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
    const bool only = node->kind == BS_TOML_STRING && !strcmp(node->string, "only");
    spec->predict = only ? BS_PREDICT_RUN : node->boolean ? BS_PREDICT_LIMIT : BS_PREDICT_NOTHING;
    if (only || node->kind == BS_TOML_BOOLEAN) return BIASCOPE_OK;
    return bs_fail_toml(spec->path, node, error, "predict: %s; expected true, false or \"only\"", node->text);
  }
  bs_axis_rule rule;
  const int axis = find_axis(node->key, &rule);
  if (axis == BS_GRID_AXES) return fail_key(spec, node, "name, record, predict, data, grid", error);
  return read_axis(spec, node, axis, &rule, &spec->shared[axis], error);
}

biascope_status bs_spec_read(const char *path, bs_spec *out, biascope_error *error) {
  *out = (bs_spec){.path = path, .record_per_decade = 8, .predict = BS_PREDICT_LIMIT};
  const bs_toml *root = NULL;
  biascope_status status = bs_toml_read(path, &out->document, &root, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < root->count; i++)
    status = read_study_key(out, &root->items[i], error);
  if (status == BIASCOPE_OK) status = bs_spec_read_sources(out, root, error);
  if (status == BIASCOPE_OK) status = read_grids(out, root, error);
  if (status == BIASCOPE_OK) status = check_values_are_read(out, error);
  const char *slash = strrchr(path, '/');
  if (!out->name) out->name = slash ? slash + 1 : path;
  if (status != BIASCOPE_OK) bs_spec_free(out);
  return status;
}

void bs_spec_free(bs_spec *spec) {
  for (size_t s = 0; s < spec->source_count; s++) {
    free(spec->sources[s].path);
    free(spec->sources[s].labels);
    free(spec->sources[s].test);
    free(spec->sources[s].test_labels);
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
