#include "explorer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EXPORTED(explorer_create) explorer *explorer_create(void) {
  return calloc(1, sizeof(explorer));
}

EXPORTED(explorer_allocate) void *explorer_allocate(size_t bytes) {
  return malloc(bytes > 0 ? bytes : 1);
}

EXPORTED(explorer_release) void explorer_release(void *memory) {
  free(memory);
}

void explorer_drop_runs(explorer *e) {
  biascope_trainer_free(e->trainer);
  biascope_forecast_free(e->forecast);
  e->trainer = NULL;
  e->forecast = NULL;
  e->limit = NULL;
}

void explorer_drop_data(explorer *e) {
  explorer_drop_runs(e);
  biascope_problem_free(e->problem);
  biascope_dataset_free(e->data);
  e->problem = NULL;
  e->data = NULL;
}

void explorer_begin(explorer *e, biascope_status status) {
  json_open(&e->reply, NULL);
  json_number(&e->reply, "status", status);
  if (status != BIASCOPE_OK) json_text(&e->reply, "message", e->error.message);
}

const char *explorer_answer(explorer *e, biascope_status status) {
  explorer_begin(e, status);
  return json_finish(&e->reply);
}

biascope_status explorer_fail(explorer *e, biascope_status status, const char *message) {
  e->error.status = status;
  snprintf(e->error.message, sizeof e->error.message, "%s", message);
  return status;
}

biascope_status explorer_require_data(explorer *e) {
  if (e->data && e->options) return BIASCOPE_OK;
  return explorer_fail(e, BIASCOPE_USAGE, "there are no data, or no options");
}

size_t explorer_weights(const explorer *e) {
  return biascope_dataset_outputs(e->data) * biascope_dataset_features(e->data);
}

/* ---- Options ------------------------------------------------------------------------------------ */

/* The table of options, for the page's controls. */
EXPORTED(explorer_describe) const char *explorer_describe(explorer *e) {
  explorer_begin(e, BIASCOPE_OK);
  json_text(&e->reply, "version", biascope_version());
  json_open(&e->reply, "options");
  for (size_t i = 0; i < biascope_option_count(); i++) {
    biascope_option option;
    biascope_option_describe(i, &option);
    json_open(&e->reply, option.name);
    json_text(&e->reply, "help", option.help);
    json_text(&e->reply, "usual", option.usual);
    json_text(&e->reply, "expected", option.expected);
    json_close(&e->reply);
  }
  json_close(&e->reply);
  return json_finish(&e->reply);
}

/* `text`: lines of name=value, of which the first is the optimizer. Changes the text. */
static biascope_status set_options(explorer *e, char *text) {
  biascope_options_free(e->options);
  e->options = NULL;
  biascope_status status = biascope_options_create(NULL, &e->options, &e->error);
  for (char *line = text, *end; *line && status == BIASCOPE_OK; line = end) {
    end = line + strcspn(line, "\n");
    if (*end) *end++ = '\0';
    char *value = strchr(line, '=');
    if (!value) continue;
    *value = '\0';
    /* an option that this optimizer does not read is left alone */
    if (!strcmp(line, "optimizer") || biascope_options_reads(e->options, line))
      status = biascope_options_set(e->options, line, value + 1, &e->error);
  }
  if (status == BIASCOPE_OK)
    status = biascope_options_check(e->options, e->data ? biascope_dataset_samples(e->data) : 0, &e->error);
  return status;
}

/* Sets the options, and says which of all options a run reads, and their values. */
EXPORTED(explorer_set_options) const char *explorer_set_options(explorer *e, char *text) {
  explorer_drop_runs(e);
  explorer_begin(e, set_options(e, text));
  if (!e->options) return json_finish(&e->reply);
  json_open(&e->reply, "values");
  for (size_t i = 0; i < biascope_option_count(); i++) {
    biascope_option option;
    char value[64];
    biascope_option_describe(i, &option);
    if (biascope_options_reads(e->options, option.name) &&
        biascope_options_get(e->options, option.name, value, sizeof value, NULL) == BIASCOPE_OK)
      json_text(&e->reply, option.name, value);
  }
  json_close(&e->reply);
  return json_finish(&e->reply);
}
