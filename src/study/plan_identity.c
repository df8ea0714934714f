/* Decides which runs are the same: everything that a run depends on, as JSON and as its hash. */
#include "study/plan_internal.h"

#include "base/error.h"
#include "rule/optimizer.h"
#include "study/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets the options that the run does not depend on to a fixed value, so that equal runs look equal. The plan has left
 * options that the optimizer does not read at their defaults. */
static void normalise(biascope_options *options, size_t samples) {
  if (bs_is_full_batch(options, samples)) options->order = BIASCOPE_CYCLIC;
  options->batch_size = bs_batch_size(options, samples);
  if (!bs_seed_matters(options)) options->seed = 0;
}

static void write_number(FILE *stream, const char *key, double value) {
  fprintf(stream, ",\"%s\":", key);
  bs_json_number(stream, value);
}

static void write_option(FILE *stream, const biascope_options *options, bs_option option) {
  const bs_option_row *row = bs_option_row_of(option);
  char text[BS_OPTION_TEXT];
  bs_option_format(option, bs_option_get(options, option), text);
  const char *quote = row->type == BIASCOPE_OPTION_CHOICE ? "\"" : "";
  fprintf(stream, ",\"%s\":%s%s%s", row->name, quote, text, quote);
}

/* The options that the run depends on, as members of a JSON object that already has some. */
static void write_options(FILE *stream, const bs_spec *spec, const bs_plan_run *run) {
  for (int i = 0; i < BS_OPTIONS; i++) {
    if (i == BS_OPTION_SEED && !bs_seed_matters(&run->options)) continue;
    if (bs_option_is_stated(&run->options, (bs_option)i)) write_option(stream, &run->options, (bs_option)i);
  }
  static const char *const PREDICT[] = {
      [BS_PREDICT_NOTHING] = "false", [BS_PREDICT_LIMIT] = "true", [BS_PREDICT_RUN] = "\"only\""};
  fprintf(stream, ",\"steps\":%llu,\"record\":\"log:%u\",\"predict\":%s", (unsigned long long)run->steps,
          spec->record_per_decade, PREDICT[spec->predict]);
}

/* How the file is read, as the specification says it, and what is held out. */
static void write_reading(FILE *stream, const bs_plan_data *data) {
  static const char *const ELSEWHERE[] = {"name", "file", "seed", "test_fraction"};
  const bs_toml *table = data->source->where;
  for (size_t i = 0; i < table->count; i++) {
    const bs_toml *node = &table->items[i];
    bool elsewhere = false;
    for (size_t k = 0; k < sizeof ELSEWHERE / sizeof *ELSEWHERE; k++) elsewhere |= !strcmp(node->key, ELSEWHERE[k]);
    if (elsewhere) continue;
    fprintf(stream, ",\"%s\":", node->key);
    if (node->kind == BS_TOML_BOOLEAN)
      fputs(node->boolean ? "true" : "false", stream);
    else
      bs_json_string(stream, node->kind == BS_TOML_STRING ? node->string : node->text);
  }
  if (data->source->test && !bs_toml_member(table, "test")) {
    fputs(",\"test\":", stream);
    bs_json_string(stream, data->source->test);
  }
  if (data->test_fraction == 0.0) return;
  write_number(stream, "test_fraction", data->test_fraction);
  fprintf(stream, ",\"seed\":%llu", (unsigned long long)data->generate.seed);
}

static void write_data(FILE *stream, const bs_plan_data *data) {
  const bs_source *source = data->source;
  fputs("{\"name\":", stream);
  bs_json_string(stream, source->name);
  if (source->path) {
    fputs(",\"file\":", stream);
    bs_json_string(stream, source->file);
    write_reading(stream, data);
  } else {
    fprintf(stream, ",\"generate\":\"%s\",\"seed\":%llu", biascope_generator_name(source->kind),
            (unsigned long long)data->generate.seed);
    if (source->kind == BIASCOPE_TEACHER) write_number(stream, "margin", data->generate.margin);
    if (data->generate.classes > 2) fprintf(stream, ",\"classes\":%zu", data->generate.classes);
    if (source->kind == BIASCOPE_MIXTURE) write_number(stream, "distance", data->generate.distance);
    if (data->generate.nonzeros) fprintf(stream, ",\"nonzeros\":%zu", data->generate.nonzeros);
    if (source->kind == BIASCOPE_SHIFTED_DIAGONAL) write_number(stream, "delta", data->generate.delta);
  }
  fprintf(stream, ",\"samples\":%zu,\"features\":%zu,\"fingerprint\":\"%s\"", data->samples, data->features,
          data->fingerprint.text);
  if (data->test_samples > 0)
    fprintf(stream, ",\"test_samples\":%zu,\"test_fingerprint\":\"%s\"", data->test_samples,
            data->test_fingerprint.text);
  fputs("}", stream);
}

char *bs_plan_describe(const bs_plan *plan, const bs_plan_run *run) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) return NULL;
  fputs("{\"data\":", stream);
  write_data(stream, &plan->data[run->data]);
  write_options(stream, plan->spec, run);
  fputs("}", stream);
  if (fclose(stream) == 0) return text;
  free(text);
  return NULL;
}

biascope_status bs_plan_identify(const bs_plan *plan, bs_plan_run *run, biascope_error *error) {
  char text[1024];
  FILE *stream = fmemopen(text, sizeof text, "w");
  if (!stream) return bs_fail_memory(error, "a run's identity");
  normalise(&run->options, plan->data[run->data].samples);
  const bs_plan_data *data = &plan->data[run->data];
  fprintf(stream, "{\"data\":\"%s\"", data->fingerprint.text);
  if (data->test_samples > 0) fprintf(stream, ",\"test\":\"%s\"", data->test_fingerprint.text);
  write_options(stream, plan->spec, run);
  fputs("}", stream);
  if (fclose(stream) != 0) return bs_fail_memory(error, "a run's identity");
  run->id = bs_text_fingerprint(text);
  return BIASCOPE_OK;
}
