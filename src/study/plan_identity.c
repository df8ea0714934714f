/* Which runs are the same: what a run depends on, as JSON and as the hash of it. */
#include "study/plan_internal.h"

#include "base/error.h"
#include "rule/optimizer.h"
#include "study/json.h"
#include "study/names.h"
#include <stdio.h>
#include <stdlib.h>

static bool reads_eps(const bs_optimizer_rule *rule) {
  return rule->second == BS_SECOND_AVERAGE || rule->second == BS_SECOND_SUM;
}

/* Sets what the run does not depend on to a fixed value, so that equal runs look equal. */
static void normalise(biascope_train_options *options, size_t samples) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (!rule->momentum) options->beta1 = 0.0;
  if (rule->second != BS_SECOND_AVERAGE) options->beta2 = 0.0;
  if (!reads_eps(rule)) options->eps = 0.0;
  if (!rule->weight_decay) options->weight_decay = 0.0;
  if (bs_is_full_batch(options, samples)) options->order = BIASCOPE_CYCLIC;
  options->batch_size = bs_batch_size(options, samples);
  if (options->order == BIASCOPE_CYCLIC) options->seed = 0;
}

static void write_number(FILE *stream, const char *key, double value) {
  fprintf(stream, ",\"%s\":", key);
  bs_json_number(stream, value);
}

/* The options the run depends on, as members of a JSON object. */
static void write_options(FILE *stream, const bs_spec *spec, const bs_plan_run *run) {
  const biascope_train_options *options = &run->options;
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  fprintf(stream, ",\"optimizer\":\"%s\",\"loss\":\"%s\",\"batch_size\":%zu,\"order\":\"%s\"",
          BS_OPTIMIZER_NAMES[options->optimizer], BS_LOSS_NAMES[options->loss], options->batch_size,
          BS_ORDER_NAMES[options->order]);
  if (rule->momentum) write_number(stream, "beta1", options->beta1);
  if (rule->second == BS_SECOND_AVERAGE) write_number(stream, "beta2", options->beta2);
  if (reads_eps(rule)) write_number(stream, "eps", options->eps);
  if (rule->weight_decay) write_number(stream, "weight_decay", options->weight_decay);
  write_number(stream, "lr", options->lr);
  write_number(stream, "lr_decay", options->lr_decay);
  if (options->order != BIASCOPE_CYCLIC) fprintf(stream, ",\"seed\":%llu", (unsigned long long)options->seed);
  fprintf(stream, ",\"steps\":%llu,\"record\":\"log:%u\",\"predict\":%s", (unsigned long long)run->steps,
          spec->record_per_decade, spec->predict ? "true" : "false");
}

static void write_data(FILE *stream, const bs_plan_data *data) {
  const bs_source *source = data->source;
  fputs("{\"name\":", stream);
  bs_json_string(stream, source->name);
  if (source->path) {
    fputs(",\"file\":", stream);
    bs_json_string(stream, source->file);
    if (source->label_column) {
      fputs(",\"label_column\":", stream);
      bs_json_string(stream, source->label_column);
    }
  } else {
    fprintf(stream, ",\"generate\":\"%s\",\"seed\":%llu", BS_GENERATOR_NAMES[source->kind],
            (unsigned long long)data->generate.seed);
    if (source->kind == BIASCOPE_TEACHER) write_number(stream, "margin", data->generate.margin);
    if (data->generate.nonzeros) fprintf(stream, ",\"nonzeros\":%zu", data->generate.nonzeros);
    if (source->kind == BIASCOPE_SHIFTED_DIAGONAL) write_number(stream, "delta", data->generate.delta);
  }
  fprintf(stream, ",\"samples\":%zu,\"features\":%zu,\"fingerprint\":\"%s\"}", data->samples, data->features,
          data->fingerprint.text);
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
  fprintf(stream, "{\"data\":\"%s\"", plan->data[run->data].fingerprint.text);
  write_options(stream, plan->spec, run);
  fputs("}", stream);
  if (fclose(stream) != 0) return bs_fail_memory(error, "a run's identity");
  run->id = bs_text_fingerprint(text);
  return BIASCOPE_OK;
}
