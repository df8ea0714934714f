#include "study/axis.h"

#include "base/error.h"
#include "base/memory.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 1000000 }; /* on one axis */

/* What the rule expects, in words. */
static void describe(const bs_axis_rule *rule, char *text, size_t size) {
  int used = 0;
  if (rule->flag) {
    snprintf(text, size, "true or false");
    return;
  }
  if (rule->name) {
    used = snprintf(text, size, "one of");
    for (size_t i = 0; rule->name(i) && (size_t)used < size; i++)
      used += snprintf(text + used, size - (size_t)used, "%s %s", i ? "," : "", rule->name(i));
    return;
  }
  if (isinf(rule->low) && isinf(rule->high))
    used = snprintf(text, size, "a number");
  else
    used = snprintf(text, size, "a %s from %.15g to %.15g", rule->whole ? "whole number" : "number", rule->low,
                    rule->high);
  if (rule->zero_name) snprintf(text + used, size - (size_t)used, ", or \"%s\"", rule->zero_name);
}

static biascope_status fail_value(const char *path, const bs_toml *node, const bs_axis_rule *rule,
                                  biascope_error *error) {
  char expected[400];
  describe(rule, expected, sizeof expected);
  return bs_fail_toml(path, node, error, "%s: %s; expected %s", rule->key, node->text, expected);
}

static bool number_fits(const bs_axis_rule *rule, double number) {
  return number >= rule->low && number <= rule->high && (!rule->whole || number == floor(number));
}

static biascope_status read_value(const char *path, const bs_toml *node, const bs_axis_rule *rule, bs_axis_value *out,
                                  biascope_error *error) {
  *out = (bs_axis_value){.where = node};
  if (node->kind == BS_TOML_STRING) {
    if (rule->zero_name && !strcmp(node->string, rule->zero_name)) return BIASCOPE_OK;
    for (size_t i = 0; rule->name && rule->name(i); i++) {
      if (strcmp(node->string, rule->name(i)) != 0) continue;
      out->number = (double)i;
      return BIASCOPE_OK;
    }
    return fail_value(path, node, rule, error);
  }
  if (rule->flag && node->kind == BS_TOML_BOOLEAN) {
    out->number = node->boolean;
    return BIASCOPE_OK;
  }
  const bool number = node->kind == BS_TOML_INTEGER || node->kind == BS_TOML_REAL;
  if (rule->name || rule->flag || !number || !number_fits(rule, node->real)) return fail_value(path, node, rule, error);
  out->number = node->real;
  return BIASCOPE_OK;
}

/* ---- Ranges: { from, to, count or step, scale } --------------------------------------------------- */

typedef struct {
  double from, to, step;
  size_t count; /* 0: given by step */
  bool logarithmic;
} range;

static biascope_status read_range_number(const char *path, const bs_toml *table, const char *key, double *out,
                                         biascope_error *error) {
  const bs_toml *node = bs_toml_member(table, key);
  if (!node)
    return bs_fail_toml(path, table, error, "%s: the range %s has no '%s'", table->key ? table->key : "range",
                        table->text, key);
  if ((node->kind != BS_TOML_INTEGER && node->kind != BS_TOML_REAL) || !isfinite(node->real))
    return bs_fail_toml(path, node, error, "%s: %s; expected a finite number", key, node->text);
  *out = node->real;
  return BIASCOPE_OK;
}

static biascope_status read_spacing(const char *path, const bs_toml *table, const bs_axis_rule *rule, range *out,
                                    biascope_error *error) {
  const bs_toml *count = bs_toml_member(table, "count"), *step = bs_toml_member(table, "step");
  if (count && step) return bs_fail_toml(path, step, error, "step: a range has a count or a step, not both");
  if (count) {
    if (count->kind != BS_TOML_INTEGER || count->integer < 2 || count->integer > MOST_VALUES)
      return bs_fail_toml(path, count, error, "count: %s; expected a whole number from 2 to %d", count->text,
                          MOST_VALUES);
    out->count = (size_t)count->integer;
    return BIASCOPE_OK;
  }
  out->step = 1.0;
  if (!step && (!rule->whole || out->logarithmic))
    return bs_fail_toml(path, table, error, "%s: the range %s needs a count", rule->key, table->text);
  biascope_status status = BIASCOPE_OK;
  if (step) status = read_range_number(path, table, "step", &out->step, error);
  if (status != BIASCOPE_OK) return status;
  if (out->logarithmic) return bs_fail_toml(path, step, error, "step: a log range has a count, not a step");
  const double count_real = floor((out->to - out->from) / out->step * (1.0 + 1e-12)) + 1.0;
  if (!(out->step > 0.0) || !(count_real <= MOST_VALUES))
    return bs_fail_toml(path, step ? step : table, error,
                        "%s: a step of %g from %g to %g; expected 1 to %d positive steps", rule->key, out->step,
                        out->from, out->to, MOST_VALUES);
  out->count = (size_t)count_real;
  return BIASCOPE_OK;
}

static biascope_status read_range(const char *path, const bs_toml *table, const bs_axis_rule *rule, range *out,
                                  biascope_error *error) {
  static const char *const KEYS[] = {"from", "to", "count", "step", "scale"};
  for (size_t i = 0; i < table->count; i++) {
    bool known = false;
    for (size_t k = 0; k < sizeof KEYS / sizeof *KEYS; k++) known |= !strcmp(table->items[i].key, KEYS[k]);
    if (!known) return bs_fail_toml_key(path, &table->items[i], error, "from, to, count, step, scale");
  }
  *out = (range){0};
  const bs_toml *scale = bs_toml_member(table, "scale");
  const bool linear = !scale || (scale->string && !strcmp(scale->string, "linear"));
  out->logarithmic = scale && scale->string && !strcmp(scale->string, "log");
  if (!linear && !out->logarithmic)
    return bs_fail_toml(path, scale, error, "scale: %s; expected \"linear\" or \"log\"", scale->text);
  biascope_status status = read_range_number(path, table, "from", &out->from, error);
  if (status == BIASCOPE_OK) status = read_range_number(path, table, "to", &out->to, error);
  if (status == BIASCOPE_OK && !(out->from < out->to))
    status = bs_fail_toml(path, table, error, "%s: the range %s; expected from < to", rule->key, table->text);
  if (status == BIASCOPE_OK && out->logarithmic && !(out->from > 0.0))
    status = bs_fail_toml(path, table, error, "%s: the log range %s; expected from > 0", rule->key, table->text);
  return status == BIASCOPE_OK ? read_spacing(path, table, rule, out, error) : status;
}

/* Value i of the range, rounded to 15 digits so that 0.001 .. 1 gives 0.01 and not 0.010000000000000002. */
static double range_value(const range *r, size_t i, bool whole) {
  if (r->step > 0.0) {
    char text[40];
    snprintf(text, sizeof text, "%.15g", r->from + (double)i * r->step);
    return strtod(text, NULL);
  }
  if (i == 0) return whole ? round(r->from) : r->from;
  if (i + 1 == r->count) return whole ? round(r->to) : r->to;
  const double t = (double)i / (double)(r->count - 1);
  const double value = r->logarithmic ? r->from * pow(r->to / r->from, t) : r->from + t * (r->to - r->from);
  if (whole) return round(value);
  char text[40];
  snprintf(text, sizeof text, "%.15g", value);
  return strtod(text, NULL);
}

static biascope_status fill_range(const char *path, const bs_toml *node, const bs_axis_rule *rule, bs_axis *out,
                                  biascope_error *error) {
  range r;
  const biascope_status status = read_range(path, node, rule, &r, error);
  if (status != BIASCOPE_OK) return status;
  out->values = BS_NEW(bs_axis_value, r.count);
  if (!out->values) return bs_fail_memory(error, "a range");
  for (size_t i = 0; i < r.count; i++) {
    const double value = range_value(&r, i, rule->whole);
    if (out->count > 0 && out->values[out->count - 1].number == value) continue; /* whole numbers close together */
    if (!number_fits(rule, value)) return fail_value(path, node, rule, error);
    out->values[out->count++] = (bs_axis_value){value, node};
  }
  return BIASCOPE_OK;
}

static biascope_status fill_list(const char *path, const bs_toml *node, const bs_axis_rule *rule, bs_axis *out,
                                 biascope_error *error) {
  if (node->count == 0)
    return bs_fail_toml(path, node, error, "%s: an empty list; expected at least one value", rule->key);
  out->values = BS_NEW(bs_axis_value, node->count);
  if (!out->values) return bs_fail_memory(error, "a list");
  for (; out->count < node->count; out->count++) {
    const bs_toml *item = &node->items[out->count];
    const biascope_status status = read_value(path, item, rule, &out->values[out->count], error);
    if (status != BIASCOPE_OK) return status;
    for (size_t i = 0; i < out->count; i++) {
      if (out->values[i].number == out->values[out->count].number)
        return bs_fail_toml(path, item, error, "%s: %s stands in the list twice", rule->key, item->text);
    }
  }
  return BIASCOPE_OK;
}

biascope_status bs_axis_read(const char *path, const bs_toml *node, const bs_axis_rule *rule, bs_axis *out,
                             biascope_error *error) {
  *out = (bs_axis){0};
  biascope_status status;
  if (node->kind == BS_TOML_TABLE && !rule->name && !rule->flag) {
    status = fill_range(path, node, rule, out, error);
  } else if (node->kind == BS_TOML_ARRAY) {
    status = fill_list(path, node, rule, out, error);
  } else {
    out->values = BS_NEW(bs_axis_value, 1);
    status = out->values ? read_value(path, node, rule, &out->values[0], error) : bs_fail_memory(error, "a value");
    out->count = 1;
  }
  if (status != BIASCOPE_OK) bs_axis_free(out);
  return status;
}

int bs_axis_find_rule(const bs_axis_rule *rules, int count, const char *key) {
  for (int i = 0; i < count; i++) {
    if (!strcmp(rules[i].key, key)) return i;
  }
  return -1;
}

void bs_axis_free(bs_axis *axis) {
  free(axis->values);
  *axis = (bs_axis){0};
}
