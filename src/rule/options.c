/* Options of training: their values, whether they go together, and what follows from them. */
#include "rule/optimizer.h"

#include "base/error.h"
#include "base/memory.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Values --------------------------------------------------------------------------------------- */

/* Members are doubles, 64-bit or 32-bit integers, enumerations or Booleans. */
bs_option_value bs_option_get(const biascope_options *options, bs_option option) {
  const bs_option_row *row = bs_option_row_of(option);
  const char *member = (const char *)options + row->offset;
  bs_option_value value = {.whole = 0};
  uint32_t half;
  switch (row->size) {
  case sizeof(bool):
    value.whole = *(const bool *)member;
    break;
  case sizeof half:
    memcpy(&half, member, sizeof half);
    value.whole = half;
    break;
  default:
    memcpy(&value, member, sizeof value);
  }
  return value;
}

void bs_option_put(biascope_options *options, bs_option option, bs_option_value value) {
  const bs_option_row *row = bs_option_row_of(option);
  char *member = (char *)options + row->offset;
  const uint32_t half = (uint32_t)value.whole;
  switch (row->size) {
  case sizeof(bool):
    *(bool *)member = value.whole != 0;
    break;
  case sizeof half:
    memcpy(member, &half, sizeof half);
    break;
  default:
    memcpy(member, &value, sizeof value);
  }
}

bool bs_option_equal(bs_option option, bs_option_value a, bs_option_value b) {
  return bs_option_row_of(option)->type == BIASCOPE_OPTION_REAL ? a.real == b.real : a.whole == b.whole;
}

double bs_option_number(const biascope_options *options, bs_option option) {
  const bs_option_value value = bs_option_get(options, option);
  return bs_option_row_of(option)->type == BIASCOPE_OPTION_REAL ? value.real : (double)value.whole;
}

bs_option_value bs_option_of_number(bs_option option, double number) {
  if (bs_option_row_of(option)->type == BIASCOPE_OPTION_REAL) return (bs_option_value){.real = number};
  return (bs_option_value){.whole = (uint64_t)number};
}

/* The optimizer's usual value. */
static bs_option_value usual_value(const bs_optimizer_rule *rule, bs_option option) {
  const bs_rule_option *own = rule ? bs_rule_option_of(rule, option) : NULL;
  return own ? bs_option_of_number(option, own->otherwise) : bs_option_row_of(option)->otherwise;
}

biascope_options bs_options_of(biascope_optimizer optimizer) {
  biascope_options options = {.optimizer = optimizer};
  for (int i = BS_OPTION_OPTIMIZER + 1; i < BS_OPTIONS; i++)
    bs_option_put(&options, (bs_option)i, usual_value(bs_optimizer_rule_of(optimizer), (bs_option)i));
  return options;
}

bool bs_option_is_usual(const biascope_options *options, bs_option option) {
  if (option == BS_OPTION_OPTIMIZER) return true;
  return bs_option_equal(option, bs_option_get(options, option),
                         usual_value(bs_optimizer_rule_of(options->optimizer), option));
}

bool bs_option_is_read(const biascope_options *options, bs_option option) {
  const bs_option_row *row = bs_option_row_of(option);
  if (!row->common && !bs_rule_option_of(bs_optimizer_rule_of(options->optimizer), option)) return false;
  return row->needs == BS_OPTION_OPTIMIZER || bs_option_number(options, row->needs) != 0.0;
}

biascope_options bs_options_read(const biascope_options *options) {
  biascope_options read = *options;
  for (int i = 0; i < BS_OPTIONS; i++) {
    const bs_option option = (bs_option)i;
    if (!bs_option_is_read(options, option))
      bs_option_put(&read, option, usual_value(bs_optimizer_rule_of(options->optimizer), option));
  }
  return read;
}

bool bs_option_is_stated(const biascope_options *options, bs_option option) {
  const bs_option_row *row = bs_option_row_of(option);
  return bs_option_is_read(options, option) && !row->speed_only &&
         !(row->off_at_zero && bs_option_number(options, option) == 0.0);
}

/* ---- Whether they go together -------------------------------------------------------------------- */

biascope_status bs_option_check(const biascope_options *options, bs_option option, biascope_error *error) {
  const bs_option_row *row = bs_option_row_of(option);
  const bs_option_value value = bs_option_get(options, option);
  char expected[sizeof((biascope_option *)NULL)->expected];
  switch (row->type) {
  case BIASCOPE_OPTION_REAL:
    if (value.real >= row->low && value.real <= row->high) return BIASCOPE_OK;
    return bs_fail(error, BIASCOPE_USAGE, "%s = %g; expected %s", row->name, value.real, row->range);
  case BIASCOPE_OPTION_WHOLE:
    if ((value.whole >= row->least && value.whole <= row->most) || (value.whole == 0 && row->zero_name))
      return BIASCOPE_OK;
    break;
  case BIASCOPE_OPTION_CHOICE:
    if (row->choice(value.whole)) return BIASCOPE_OK;
    break;
  case BIASCOPE_OPTION_FLAG:
    return BIASCOPE_OK;
  }
  bs_option_expected(option, expected, sizeof expected);
  return bs_fail(error, BIASCOPE_USAGE, "%s = %llu; expected %s", row->name, (unsigned long long)value.whole, expected);
}

/* The optimizers that read the option. */
static void list_readers(bs_option option, char *text, size_t size) {
  const bs_optimizer_rule *rule;
  text[0] = '\0';
  for (int i = 0; (rule = bs_optimizer_rule_of((biascope_optimizer)i)); i++) {
    if (!bs_rule_option_of(rule, option)) continue;
    snprintf(text + strlen(text), size - strlen(text), "%s%s", *text ? ", " : "", rule->name);
  }
}

void bs_option_explain(const biascope_options *options, bs_option option, char *text, size_t size) {
  const bs_option_row *row = bs_option_row_of(option);
  const char *optimizer = bs_optimizer_rule_of(options->optimizer)->name;
  char readers[256];
  list_readers(option, readers, sizeof readers);
  if (row->common)
    snprintf(text, size, "%s reads it only where %s is above 0", optimizer, bs_option_row_of(row->needs)->name);
  else
    snprintf(text, size, "%s does not read it; these optimizers do: %s", optimizer, readers);
}

/* An option that was set by name, and that no step will read, would do nothing: better refused than ignored. */
static biascope_status check_is_read(const biascope_options *options, bs_option option, biascope_error *error) {
  const bs_option_row *row = bs_option_row_of(option);
  if (bs_option_is_read(options, option) || !(options->given >> option & 1)) return BIASCOPE_OK;
  if (bs_option_is_usual(options, option) && row->needs == BS_OPTION_OPTIMIZER) return BIASCOPE_OK;
  char value[BS_OPTION_TEXT], why[512];
  bs_option_format(option, bs_option_get(options, option), value);
  bs_option_explain(options, option, why, sizeof why);
  return bs_fail(error, BIASCOPE_USAGE, "%s = %s: %s", row->name, value, why);
}

/* What more than one option, or the data, decide. */
static biascope_status check_together(const biascope_options *options, size_t samples, biascope_error *error) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (options->batch_size > samples)
    return bs_fail(error, BIASCOPE_USAGE, "batch size %zu; expected 1 to %zu, the number of samples",
                   options->batch_size, samples);
  if (rule->full_batch && !bs_is_full_batch(options, samples))
    return bs_fail(error, BIASCOPE_USAGE, "%s is defined for the full batch only", rule->name);
  if (options->noise > 0.0 && (!bs_is_full_batch(options, samples) || rule->second == BS_SECOND_PER_SAMPLE))
    return bs_fail(error, BIASCOPE_USAGE,
                   "noise %g is added to the full batch's gradient: expected batch size full, and not adamproxy",
                   options->noise);
  return BIASCOPE_OK;
}

biascope_status biascope_options_check(const biascope_options *options, size_t samples, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (int i = 0; i < BS_OPTIONS && status == BIASCOPE_OK; i++) status = bs_option_check(options, (bs_option)i, error);
  for (int i = 0; i < BS_OPTIONS && status == BIASCOPE_OK; i++) status = check_is_read(options, (bs_option)i, error);
  return status == BIASCOPE_OK && samples > 0 ? check_together(options, samples, error) : status;
}

/* ---- By name -------------------------------------------------------------------------------------- */

biascope_status biascope_options_create(const char *optimizer, biascope_options **out, biascope_error *error) {
  *out = NULL;
  bs_option_value value;
  const biascope_status status = bs_option_parse(BS_OPTION_OPTIMIZER, optimizer ? optimizer : "adam", &value, error);
  if (status != BIASCOPE_OK) return status;
  *out = BS_NEW(biascope_options, 1);
  if (!*out) return bs_fail_memory(error, "the options");
  **out = bs_options_of((biascope_optimizer)value.whole);
  return BIASCOPE_OK;
}

void biascope_options_free(biascope_options *options) {
  free(options);
}

static biascope_status find(const char *name, bs_option *out, biascope_error *error) {
  *out = bs_option_find(name);
  if (*out != BS_OPTIONS) return BIASCOPE_OK;
  char names[512] = "";
  for (int i = 0; i < BS_OPTIONS; i++)
    snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
             bs_option_row_of((bs_option)i)->name);
  return bs_fail(error, BIASCOPE_USAGE, "'%s' is not an option; expected one of %s", name, names);
}

biascope_status biascope_options_set(biascope_options *options, const char *name, const char *text,
                                     biascope_error *error) {
  bs_option option;
  bs_option_value value;
  biascope_status status = find(name, &option, error);
  if (status == BIASCOPE_OK) status = bs_option_parse(option, text, &value, error);
  if (status != BIASCOPE_OK) return status;
  if (option == BS_OPTION_OPTIMIZER) {
    biascope_options fresh = bs_options_of((biascope_optimizer)value.whole);
    for (int i = 0; i < BS_OPTIONS; i++)
      if (options->given >> i & 1) bs_option_put(&fresh, (bs_option)i, bs_option_get(options, (bs_option)i));
    fresh.given = options->given;
    *options = fresh;
    return BIASCOPE_OK;
  }
  bs_option_put(options, option, value);
  options->given |= UINT32_C(1) << option;
  return BIASCOPE_OK;
}

biascope_status biascope_options_get(const biascope_options *options, const char *name, char *value, size_t size,
                                     biascope_error *error) {
  bs_option option;
  char text[BS_OPTION_TEXT];
  const biascope_status status = find(name, &option, error);
  if (status != BIASCOPE_OK) return status;
  bs_option_format(option, bs_option_get(options, option), text);
  if (strlen(text) >= size)
    return bs_fail(error, BIASCOPE_USAGE, "%s: %zu characters are too few for %s", name, size, text);
  memcpy(value, text, strlen(text) + 1);
  return BIASCOPE_OK;
}

bool biascope_options_reads(const biascope_options *options, const char *name) {
  const bs_option option = bs_option_find(name);
  return option != BS_OPTIONS && bs_option_is_read(options, option);
}

/* ---- What follows from them ----------------------------------------------------------------------- */

size_t bs_batch_size(const biascope_options *options, size_t samples) {
  return options->batch_size == 0 ? samples : options->batch_size;
}

size_t bs_batches_per_epoch(const biascope_options *options, size_t samples) {
  const size_t size = bs_batch_size(options, samples);
  return (samples + size - 1) / size;
}

bool bs_batch_is_most(const biascope_options *options, size_t samples) {
  return bs_batch_size(options, samples) >= samples - samples / 2;
}

bool bs_is_full_batch(const biascope_options *options, size_t samples) {
  if (options->order == BIASCOPE_REPLACEMENT) return options->batch_size == 0;
  return bs_batch_size(options, samples) == samples;
}

bool bs_seed_matters(const biascope_options *options) {
  return options->order != BIASCOPE_CYCLIC || options->noise > 0.0;
}

bool bs_gradient_is_plain(const biascope_options *options) {
  return options->noise == 0.0;
}

double bs_learning_rate(const biascope_options *options, uint64_t step) {
  const double t = (double)step + 2.0;
  if (options->lr_decay == 0.0) return options->lr;
  if (options->lr_decay == 0.5) return options->lr / sqrt(t); /* the usual one, without pow's cost */
  return options->lr * pow(t, -options->lr_decay);
}
