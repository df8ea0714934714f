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
static bs_option_value usual_value(const biascope_options *options, bs_option option) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  const bs_rule_option *own = rule ? bs_rule_option_of(rule, option) : NULL;
  const bs_rule_option *torch = rule && options->torch ? bs_torch_option_of(rule, option) : NULL;
  if (torch) return bs_option_of_number(option, torch->otherwise);
  if (options->torch && option == BS_OPTION_SCHEDULE) return (bs_option_value){.whole = BIASCOPE_CONSTANT};
  return own ? bs_option_of_number(option, own->otherwise) : bs_option_row_of(option)->otherwise;
}

biascope_options bs_usual_options(biascope_optimizer optimizer, bool torch) {
  biascope_options options = {.optimizer = optimizer, .torch = torch};
  for (int i = BS_OPTION_OPTIMIZER + 1; i < BS_OPTIONS; i++)
    if (i != BS_OPTION_TORCH) bs_option_put(&options, (bs_option)i, usual_value(&options, (bs_option)i));
  return options;
}

biascope_options bs_options_of(biascope_optimizer optimizer) {
  return bs_usual_options(optimizer, false);
}

bool bs_option_is_usual(const biascope_options *options, bs_option option) {
  if (option == BS_OPTION_OPTIMIZER) return true;
  if (option == BS_OPTION_TORCH) return !options->torch;
  return bs_option_equal(option, bs_option_get(options, option), usual_value(options, option));
}

/* Whether the optimizer reads it, if other options let it. */
static bool may_be_read(const biascope_options *options, bs_option option) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  return bs_option_row_of(option)->common || bs_rule_option_of(rule, option) ||
         (options->torch && bs_torch_option_of(rule, option));
}

bool bs_option_is_read(const biascope_options *options, bs_option option) {
  const bs_option_row *row = bs_option_row_of(option);
  if (!may_be_read(options, option)) return false;
  if (row->needs == BS_OPTION_OPTIMIZER) return true;
  if (row->needs_choice) return row->needs_choice >> bs_option_get(options, row->needs).whole & 1;
  return bs_option_number(options, row->needs) != 0.0;
}

biascope_options bs_options_read(const biascope_options *options) {
  biascope_options read = *options;
  for (int i = 0; i < BS_OPTIONS; i++) {
    const bs_option option = (bs_option)i;
    if (!bs_option_is_read(options, option)) bs_option_put(&read, option, usual_value(options, option));
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

/* The values of the option it needs that let it be read. */
static void list_needed(const bs_option_row *row, char *text, size_t size) {
  const bs_option_row *needs = bs_option_row_of(row->needs);
  snprintf(text, size, "%s ", needs->name);
  if (!row->needs_choice)
    snprintf(text + strlen(text), size - strlen(text), "is %s",
             needs->type == BIASCOPE_OPTION_FLAG ? "true" : "above 0");
  for (size_t i = 0, listed = 0; row->needs_choice >> i; i++)
    if (row->needs_choice >> i & 1)
      snprintf(text + strlen(text), size - strlen(text), "%s%s", listed++ ? " or " : "is ", needs->choice(i));
}

void bs_option_explain(const biascope_options *options, bs_option option, char *text, size_t size) {
  const bs_option_row *row = bs_option_row_of(option);
  const char *optimizer = bs_optimizer_rule_of(options->optimizer)->name;
  char others[256];
  if (may_be_read(options, option)) {
    list_needed(row, others, sizeof others);
    snprintf(text, size, "%s reads it only where %s", optimizer, others);
  } else {
    list_readers(option, others, sizeof others);
    snprintf(text, size, "%s does not read it; these optimizers do: %s", optimizer, others);
  }
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
  if (options->total_steps == 0 && bs_option_is_read(options, BS_OPTION_TOTAL_STEPS))
    return bs_fail(error, BIASCOPE_USAGE, "the schedule falls to 0 at total_steps: expected at least 1");
  if (options->warmup > 0 && options->warmup >= options->total_steps &&
      bs_option_is_read(options, BS_OPTION_TOTAL_STEPS))
    return bs_fail(error, BIASCOPE_USAGE, "warmup = %llu; expected less than total_steps, %llu",
                   (unsigned long long)options->warmup, (unsigned long long)options->total_steps);
  if (options->noise > 0.0 && (!bs_is_full_batch(options, samples) || rule->second == BS_SECOND_PER_SAMPLE))
    return bs_fail(error, BIASCOPE_USAGE,
                   "noise %g is added to the full batch's gradient: expected batch size full, and not adamproxy",
                   options->noise);
  return BIASCOPE_OK;
}

static biascope_status check_conventions(const biascope_options *options, biascope_error *error) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (options->torch && !rule->torch[0].option)
    return bs_fail(error, BIASCOPE_USAGE, "torch.optim has no optimizer that %s could follow", rule->name);
  if (options->momentum > 0.0 && options->beta1 > 0.0 && bs_option_is_read(options, BS_OPTION_MOMENTUM))
    return bs_fail(error, BIASCOPE_USAGE, "momentum = %g and beta1 = %g: expected one of them", options->momentum,
                   options->beta1);
  return BIASCOPE_OK;
}

biascope_status biascope_options_check(const biascope_options *options, size_t samples, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (int i = 0; i < BS_OPTIONS && status == BIASCOPE_OK; i++) status = bs_option_check(options, (bs_option)i, error);
  for (int i = 0; i < BS_OPTIONS && status == BIASCOPE_OK; i++) status = check_is_read(options, (bs_option)i, error);
  if (status == BIASCOPE_OK) status = check_conventions(options, error);
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
  if (option == BS_OPTION_OPTIMIZER || option == BS_OPTION_TORCH) {
    const bool torch = option == BS_OPTION_TORCH;
    biascope_options fresh = bs_usual_options(torch ? options->optimizer : (biascope_optimizer)value.whole,
                                              torch ? value.whole != 0 : options->torch);
    for (int i = 0; i < BS_OPTIONS; i++)
      if (options->given >> i & 1 && i != BS_OPTION_TORCH)
        bs_option_put(&fresh, (bs_option)i, bs_option_get(options, (bs_option)i));
    fresh.given = options->given | (torch ? UINT32_C(1) << BS_OPTION_TORCH : 0);
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

double bs_coupled_decay(const biascope_options *options) {
  const bool own = bs_rule_option_of(bs_optimizer_rule_of(options->optimizer), BS_OPTION_WEIGHT_DECAY);
  return options->torch && !own ? options->weight_decay : 0.0;
}

bool bs_gradient_is_plain(const biascope_options *options) {
  return options->noise == 0.0 && bs_coupled_decay(options) == 0.0;
}

/* ---- Step sizes ----------------------------------------------------------------------------------- */

/* The share of the fall to 0 that is done. */
static double done_of(const biascope_options *options, double t) {
  const double total = (double)(options->total_steps - options->warmup);
  return t < total ? t / total : 1.0;
}

static double inverse_power(const biascope_options *options, double t) {
  if (options->lr_decay == 0.0) return options->lr;
  if (options->lr_decay == 0.5) return options->lr / sqrt(t + 2.0); /* the usual one, without pow's cost */
  return options->lr * pow(t + 2.0, -options->lr_decay);
}

static double constant(const biascope_options *options, double t) {
  (void)t;
  return options->lr;
}

static double cosine(const biascope_options *options, double t) {
  static const double PI = 0x1.921fb54442d18p1;
  const double share = done_of(options, t);
  return share < 1.0 ? 0.5 * options->lr * (1.0 + cos(PI * share)) : 0.0;
}

static double linear(const biascope_options *options, double t) {
  return options->lr * (1.0 - done_of(options, t));
}

static double stepwise(const biascope_options *options, double t) {
  if (options->step_every == 0) return options->lr;
  return options->lr * pow(options->step_factor, floor(t / (double)options->step_every));
}

double bs_learning_rate(const biascope_options *options, uint64_t step) {
  static double (*const SCHEDULES[])(const biascope_options *, double) = {[BIASCOPE_INVERSE_POWER] = inverse_power,
                                                                          [BIASCOPE_CONSTANT] = constant,
                                                                          [BIASCOPE_COSINE] = cosine,
                                                                          [BIASCOPE_LINEAR] = linear,
                                                                          [BIASCOPE_STEPWISE] = stepwise};
  if (step < options->warmup) return options->lr * ((double)(step + 1) / (double)options->warmup);
  return SCHEDULES[options->schedule](options, (double)(step - options->warmup));
}

bool bs_step_sizes_equal(const biascope_options *a, const biascope_options *b) {
  return a->lr == b->lr && a->lr_decay == b->lr_decay && a->schedule == b->schedule && a->warmup == b->warmup &&
         a->total_steps == b->total_steps && a->step_every == b->step_every && a->step_factor == b->step_factor;
}

biascope_options bs_options_in_powers(const biascope_options *options) {
  biascope_options same = *options;
  if (same.schedule != BIASCOPE_CONSTANT) return same;
  same.schedule = BIASCOPE_INVERSE_POWER;
  same.lr_decay = 0.0;
  return same;
}
