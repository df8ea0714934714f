/* The values of options in the struct that the step loop reads, and which of them a run reads. */
#include "rule/optimizer.h"

#include <string.h>

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

bool bs_option_may_be_read(const biascope_options *options, bs_option option) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  return bs_option_row_of(option)->common || bs_rule_option_of(rule, option) ||
         (options->torch && bs_torch_option_of(rule, option));
}

bool bs_option_is_read(const biascope_options *options, bs_option option) {
  const bs_option_row *row = bs_option_row_of(option);
  if (!bs_option_may_be_read(options, option)) return false;
  if (row->needs == BS_OPTION_OPTIMIZER || !bs_option_may_be_read(options, row->needs)) return true;
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
