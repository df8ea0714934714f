/* Options by name, as users of the library set them. */
#include "rule/optimizer.h"

#include "base/error.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

biascope_status biascope_options_create(const char *optimizer, biascope_options **out, biascope_error *error) {
  *out = NULL;
  bs_option_value value = bs_option_row_of(BS_OPTION_OPTIMIZER)->otherwise;
  const biascope_status status =
      optimizer ? bs_option_parse(BS_OPTION_OPTIMIZER, optimizer, &value, error) : BIASCOPE_OK;
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

size_t biascope_option_count(void) {
  return BS_OPTIONS;
}

void biascope_option_describe(size_t index, biascope_option *out) {
  const bs_option_row *row = bs_option_row_of((bs_option)index);
  *out = (biascope_option){.name = row->name, .type = row->type, .placeholder = row->placeholder, .help = row->help};
  bs_option_expected((bs_option)index, out->expected, sizeof out->expected);
  if (row->common) bs_option_format((bs_option)index, row->otherwise, out->usual);
}

size_t biascope_options_epoch(const biascope_options *options, size_t samples) {
  return bs_batches_per_epoch(options, samples);
}

double biascope_options_learning_rate(const biascope_options *options, uint64_t step) {
  return bs_learning_rate(options, step);
}

double biascope_options_guaranteed(const biascope_options *options, double misalignment, double best) {
  if (bs_optimizer_rule_of(options->optimizer)->direction != BS_SIGN || !isfinite(misalignment)) return NAN;
  return fmax(0.0, 1.0 - 2.0 * misalignment / best);
}

biascope_norm_kind biascope_options_norm(const biascope_options *options, size_t outputs) {
  const biascope_norm_kind norm = bs_optimizer_rule_of(options->optimizer)->norm;
  return outputs == 1 && (norm == BIASCOPE_SPECTRAL || norm == BIASCOPE_NUCLEAR) ? BIASCOPE_L2 : norm;
}

bool biascope_options_follow_path(const biascope_options *options) {
  return bs_optimizer_rule_of(options->optimizer)->limit == BS_LIMIT_EQUILIBRIUM && options->eps == 0.0;
}
