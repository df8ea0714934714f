/* Checks whether options are in range, are read, and fit together. */
#include "rule/optimizer.h"

#include "base/error.h"
#include <stdio.h>
#include <string.h>

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

/* The values of the option it needs for which it is read. */
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
  if (bs_option_may_be_read(options, option)) {
    list_needed(row, others, sizeof others);
    snprintf(text, size, "%s reads it only where %s", optimizer, others);
  } else {
    list_readers(option, others, sizeof others);
    snprintf(text, size, "%s does not read it; these optimizers do: %s", optimizer, others);
  }
}

/* An option that was set by name, but that no step reads, would have no effect: it is refused instead of ignored. */
static biascope_status check_is_read(const biascope_options *options, bs_option option, biascope_error *error) {
  const bs_option_row *row = bs_option_row_of(option);
  if (bs_option_is_read(options, option) || !(options->given >> option & 1)) return BIASCOPE_OK;
  if (bs_option_is_usual(options, option) && row->needs == BS_OPTION_OPTIMIZER) return BIASCOPE_OK;
  char value[BS_OPTION_TEXT], why[512];
  bs_option_format(option, bs_option_get(options, option), value);
  bs_option_explain(options, option, why, sizeof why);
  return bs_fail(error, BIASCOPE_USAGE, "%s = %s: %s", row->name, value, why);
}

/* What depends on more than one option, or on the data. */
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

/* The correction changes batches that are not the whole. */
static biascope_status check_variance_reduction(const biascope_options *options, size_t samples,
                                                biascope_error *error) {
  if (!options->variance_reduction) return BIASCOPE_OK;
  if (options->clip > 0.0)
    return bs_fail(error, BIASCOPE_USAGE, "variance_reduction and clip = %g: expected one of them", options->clip);
  if (samples > 0 && bs_is_full_batch(options, samples))
    return bs_fail(error, BIASCOPE_USAGE,
                   "variance_reduction: the full batch has the full gradient in every step already; expected a batch "
                   "size below %zu, the number of samples",
                   samples);
  return BIASCOPE_OK;
}

static biascope_status check_conventions(const biascope_options *options, biascope_error *error) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (options->torch && !rule->torch[0].option)
    return bs_fail(error, BIASCOPE_USAGE, "torch.optim has no optimizer that %s could follow", rule->name);
  if (options->given >> BS_OPTION_EPS & 1 && options->eps > 0.0 && options->newton_schulz == 0 &&
      bs_option_is_read(options, BS_OPTION_NEWTON_SCHULZ))
    return bs_fail(error, BIASCOPE_USAGE, "eps = %g: %s reads it only where newton_schulz is not exact", options->eps,
                   rule->name);
  if (options->sums && options->given >> BS_OPTION_BETA2 & 1)
    return bs_fail(error, BIASCOPE_USAGE, "sums and beta2 = %g: expected one of them", options->beta2);
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
  if (status == BIASCOPE_OK) status = check_variance_reduction(options, samples, error);
  return status == BIASCOPE_OK && samples > 0 ? check_together(options, samples, error) : status;
}
