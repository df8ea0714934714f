/* The flags that train, predict and doctor share: one for each option of training. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_KEY = 2000 };

/* Filled from the library's table by cli_prepare_optimizer_flags. */
static struct argp_option options[CLI_MOST_OPTIONS + 1];
static char names[CLI_MOST_OPTIONS][32], helps[CLI_MOST_OPTIONS][768];

/* Every command has --seed; only train and predict have --threads. */
static bool has_own_flag(const char *name) {
  return !strcmp(name, "seed") || !strcmp(name, "threads");
}

void cli_name_flag(const char *option, size_t size, char *flag) {
  size_t i = 0;
  for (; option[i] && i + 1 < size; i++) flag[i] = option[i] == '_' ? '-' : option[i];
  flag[i] = '\0';
}

static void describe(size_t index, struct argp_option *out) {
  biascope_option option;
  biascope_option_describe(index, &option);
  cli_name_flag(option.name, sizeof names[index], names[index]);
  const char *usual = option.usual[0] ? option.usual : "the optimizer's";
  snprintf(helps[index], sizeof helps[index], "%s: %s (default %s)", option.help, option.expected, usual);
  const bool flag = option.type == BIASCOPE_OPTION_FLAG;
  *out = (struct argp_option){
      names[index], FIRST_KEY + (int)index, flag ? NULL : option.placeholder, 0, flag ? option.help : helps[index], 2};
}

void cli_prepare_optimizer_flags(void) {
  struct argp_option *next = options;
  for (size_t i = 0; i < biascope_option_count() && i < CLI_MOST_OPTIONS; i++) {
    biascope_option option;
    biascope_option_describe(i, &option);
    if (!has_own_flag(option.name)) describe(i, next++);
  }
}

static void apply(struct argp_state *state, size_t index, const char *text, biascope_options *out) {
  biascope_option option;
  biascope_option_describe(index, &option);
  biascope_error error; /* its message begins with the option's name */
  if (biascope_options_set(out, option.name, text, &error) != BIASCOPE_OK)
    argp_error(state, "--%s%s", names[index], error.message + strlen(option.name));
}

static error_t parse(int key, char *text, struct argp_state *state) {
  cli_optimizer_flags *flags = state->input;
  if (key >= FIRST_KEY && key < FIRST_KEY + CLI_MOST_OPTIONS) {
    flags->given[key - FIRST_KEY] = text ? text : "true";
    return 0;
  }
  if (key != ARGP_KEY_END) return ARGP_ERR_UNKNOWN;
  biascope_error error;
  biascope_status status = biascope_options_create(NULL, &flags->options, &error);
  if (status != BIASCOPE_OK) exit(cli_report(status, &error));
  for (size_t i = 0; i < CLI_MOST_OPTIONS; i++)
    if (flags->given[i]) apply(state, i, flags->given[i], flags->options);
  status = biascope_options_check(flags->options, 0, &error);
  if (status != BIASCOPE_OK) argp_error(state, "%s", error.message);
  return 0;
}

const struct argp cli_optimizer_argp = {.options = options, .parser = parse};

biascope_status cli_set_whole(biascope_options *out, const char *name, uint64_t value, biascope_error *error) {
  char text[32];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  return biascope_options_set(out, name, text, error);
}

biascope_status cli_set_total_steps(biascope_options *out, uint64_t steps, biascope_error *error) {
  char total[32];
  if (!biascope_options_reads(out, "total_steps")) return BIASCOPE_OK;
  const biascope_status status = biascope_options_get(out, "total_steps", total, sizeof total, error);
  if (status != BIASCOPE_OK || strcmp(total, "steps") != 0) return status;
  return cli_set_whole(out, "total_steps", steps, error);
}
