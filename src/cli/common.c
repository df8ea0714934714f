#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_JSON = 1000, OPTION_SEED, OPTION_QUIET };

void cli_parse(const struct argp *argp, int argc, char **argv, void *input) {
  const error_t failure = argp_parse(argp, argc, argv, 0, NULL, input);
  if (failure == 0) return; /* a usage error has ended the program: only argp's own lack of memory is left */
  fprintf(stderr, "biascope: the command line cannot be read: %s\n", strerror(failure));
  exit(BIASCOPE_BAD_INPUT);
}

double cli_parse_double(struct argp_state *state, const char *flag, const char *text, double low, double high) {
  char *end;
  errno = 0;
  const double value = strtod(text, &end);
  if (end == text || *end || !(value >= low && value <= high))
    argp_error(state, "%s: '%s' is not a number from %g to %g", flag, text, low, high);
  return value;
}

size_t cli_processors(void) {
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count > 1024 ? 1024 : (size_t)count;
}

uint64_t cli_parse_u64(struct argp_state *state, const char *flag, const char *text, uint64_t low, uint64_t high) {
  char *end;
  errno = 0;
  uint64_t value = strtoull(text, &end, 10);
  bool valid = end != text && !*end && !errno && text[strspn(text, " \t")] != '-';
  if (!valid) { /* people write step counts as 1e9 */
    const double real = strtod(text, &end);
    valid = end != text && !*end && real >= 0 && real < 0x1p63 && real == floor(real);
    if (valid) value = (uint64_t)real;
  }
  if (!valid || value < low || value > high)
    argp_error(state, "%s: '%s' is not a whole number from %llu to %llu", flag, text, (unsigned long long)low,
               (unsigned long long)high);
  return value;
}

unsigned cli_parse_record(struct argp_state *state, const char *text) {
  if (strncmp(text, "log:", 4) != 0) argp_error(state, "--record: '%s' is not of the form log:K", text);
  return (unsigned)cli_parse_u64(state, "--record", text + 4, 1, 1000);
}

int cli_parse_choice(struct argp_state *state, const char *flag, const char *text, const char *const *names) {
  char list[512] = "";
  for (int i = 0; names[i]; i++) {
    if (!strcmp(text, names[i])) return i;
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
  }
  argp_error(state, "%s: '%s' is not one of %s", flag, text, list);
  return 0;
}

static error_t parse_common(int key, char *text, struct argp_state *state) {
  cli_common *common = state->input;
  switch (key) {
  case 'h':
    argp_state_help(state, stdout, ARGP_HELP_STD_HELP); /* ends the program */
    return 0;
  case OPTION_JSON:
    common->json = true;
    return 0;
  case OPTION_QUIET:
    common->quiet = true;
    return 0;
  case OPTION_SEED:
    common->seed = cli_parse_u64(state, "--seed", text, 0, INT64_MAX);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option COMMON_OPTIONS[] = {
    {"json", OPTION_JSON, 0, 0, "Print one JSON object on stdout, and nothing else", 100},
    {"seed", OPTION_SEED, "N", 0, "Seed of every random choice (default 0)", 100},
    {"quiet", OPTION_QUIET, 0, 0, "No progress and no notes on stderr", 100},
    {NULL, 'h', 0, OPTION_HIDDEN, "The same as --help", 100},
    {0},
};
const struct argp cli_common_argp = {.options = COMMON_OPTIONS, .parser = parse_common};

int cli_report(biascope_status status, const biascope_error *error) {
  if (status == BIASCOPE_OK) return 0;
  fprintf(stderr, "biascope: %s\n", error->message);
  return status <= BIASCOPE_NOT_CONVERGED ? (int)status : BIASCOPE_BAD_INPUT;
}

biascope_status cli_fail(biascope_error *error, biascope_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  error->status = status;
  return status;
}

biascope_status cli_fit_references(const biascope_dataset *data, biascope_reference_set all,
                                   biascope_reference_set *set, biascope_error *error) {
  const biascope_reference_set own = biascope_dataset_references(data);
  if (*set & ~own && *set != all)
    return cli_fail(error, BIASCOPE_USAGE,
                    "--references: spectral and nuclear are for several classes; for two, whose weights are one row, "
                    "they are l2");
  *set &= own;
  return BIASCOPE_OK;
}

biascope_reference_set cli_parse_references(struct argp_state *state, const char *text, biascope_reference_set all) {
  const char *names[BIASCOPE_REFERENCES + 1] = {NULL};
  size_t count = 0;
  for (; count < BIASCOPE_REFERENCES && all >> count & 1; count++) names[count] = biascope_reference_name(count);
  if (!strcmp(text, "all")) return all;
  if (!strcmp(text, "none")) return 0;
  char list[64], *rest = list;
  biascope_reference_set set = 0;
  if (snprintf(list, sizeof list, "%s", text) >= (int)sizeof list)
    argp_error(state, "--references: '%s' is not all, none or a list of references", text);
  for (const char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
    set |= 1u << cli_parse_choice(state, "--references", name, names);
  return set;
}

json_t *cli_json_number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

/* By biascope_limit_kind. */
static const struct {
  const char *name, *meaning;
} KINDS[] = {
    [BIASCOPE_LIMIT_DIRECTION] = {"direction", "margins grow for ever along this direction"},
    [BIASCOPE_LIMIT_REST] = {"rest", "training comes to rest, and margins stop growing"},
    [BIASCOPE_LIMIT_RUNAWAY] = {"runaway", "the update is unbounded, and weights outgrow the sum of the step sizes"},
    [BIASCOPE_LIMIT_NOT_SEPARATING] = {"not separating",
                                       "the least margin falls as training goes on, although the data are separable"},
    [BIASCOPE_LIMIT_UNSETTLED] = {"unsettled", "no limit was found"}};

const char *cli_limit_kind(biascope_limit_kind kind) {
  return KINDS[kind].name;
}

const char *cli_limit_meaning(biascope_limit_kind kind) {
  return KINDS[kind].meaning;
}

json_t *cli_json_array(size_t n, const double *values) {
  json_t *array = json_array();
  for (size_t i = 0; i < n; i++) json_array_append_new(array, cli_json_number(values[i]));
  return array;
}

json_t *cli_json_weights(const biascope_dataset *data, const double *weights) {
  const size_t outputs = biascope_dataset_outputs(data), features = biascope_dataset_features(data);
  if (outputs == 1) return cli_json_array(features, weights);
  json_t *rows = json_array();
  for (size_t j = 0; j < outputs; j++) json_array_append_new(rows, cli_json_array(features, weights + j * features));
  return rows;
}

/* Removes the last entry from a list of weights and returns it. */
static json_t *split_last(json_t *weights) {
  json_t *last = json_incref(json_array_get(weights, json_array_size(weights) - 1));
  json_array_remove(weights, json_array_size(weights) - 1);
  return last;
}

void cli_split_intercept(json_t *object, const biascope_dataset *data) {
  const size_t outputs = biascope_dataset_outputs(data);
  if (!biascope_dataset_model(data, outputs, NULL).intercept) return;
  json_t *direction = json_object_get(object, "direction"), *intercepts = outputs > 1 ? json_array() : NULL;
  for (size_t j = 0; j < outputs && intercepts; j++)
    json_array_append_new(intercepts, split_last(json_array_get(direction, j)));
  json_object_set_new(object, "intercept", intercepts ? intercepts : split_last(direction));
}

json_t *cli_json_text(const char *text) {
  json_t *value = json_string(text);
  if (value) return value;
  const size_t length = strlen(text); /* not UTF-8: each byte is taken as the character of that number */
  char *latin = malloc(2 * length + 1), *to = latin;
  if (!latin) return json_null();
  for (size_t i = 0; i < length; i++) {
    const unsigned char byte = (unsigned char)text[i];
    if (byte >= 0x80) *to++ = (char)(0xc0 | byte >> 6);
    *to++ = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
  }
  *to = '\0';
  value = json_string(latin);
  free(latin);
  return value;
}

void cli_json_classes(json_t *object, const biascope_dataset *data) {
  if (biascope_dataset_classes(data) == 0) return;
  json_t *classes = json_array(), *counts = json_array();
  for (size_t k = 0; k < biascope_dataset_classes(data); k++) {
    json_array_append_new(classes, cli_json_text(biascope_dataset_class_name(data, k)));
    json_array_append_new(counts, json_integer((json_int_t)biascope_dataset_class_samples(data, k)));
  }
  json_object_set_new(object, "classes", classes);
  json_object_set_new(object, "counts", counts);
}

void cli_json_measures(json_t *object, const biascope_problem *problem, const biascope_measurement *measured) {
  for (size_t i = 0; i < biascope_measure_count(); i++) {
    const biascope_measure *measure = biascope_measure_at(i);
    if (!biascope_problem_has_measure(problem, measure)) continue;
    json_t *value = cli_json_number(biascope_measure_of(measure, measured)), *family = object;
    if (measure->of && !json_object_get(object, measure->family))
      json_object_set_new(object, measure->family, json_object());
    if (measure->of) family = json_object_get(object, measure->family);
    json_object_set_new(family, measure->of ? measure->of : measure->name, value);
  }
}

static atomic_bool json_incomplete;

static void *allocate_json(size_t size) {
  void *block = malloc(size);
  if (!block) atomic_store(&json_incomplete, true);
  return block;
}

void cli_watch_json(void) {
  json_set_alloc_funcs(allocate_json, free);
}

int cli_print_json(json_t *object) {
  const bool printed = object && !atomic_load(&json_incomplete) &&
                       json_dumpf(object, stdout, JSON_REAL_PRECISION(17) | JSON_COMPACT) == 0;
  json_decref(object);
  if (printed)
    putchar('\n');
  else if (!ferror(stdout))
    fputs("biascope: out of memory for the JSON output\n", stderr);
  return printed ? 0 : BIASCOPE_BAD_INPUT;
}

double *cli_copy_numbers(size_t count, const double *numbers) {
  double *copy = calloc(count, sizeof *copy);
  if (copy) memcpy(copy, numbers, count * sizeof *copy);
  return copy;
}
