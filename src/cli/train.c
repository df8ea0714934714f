#include "cli/cli.h"

#include "base/file.h"
#include "base/vector.h"
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPTION_STEPS = 4000, OPTION_RECORD, OPTION_TRACE, OPTION_CHECKPOINT, OPTION_RESUME };
enum { L2, LINF, L1, REFERENCES };

typedef struct {
  cli_common common;
  cli_optimizer_flags optimizer;
  uint64_t steps, records;
  const char *trace, *checkpoint, *resume;
} train_flags;

typedef struct {
  biascope_dataset *data;
  biascope_trainer *trainer;
  biascope_margin reference[REFERENCES];
  biascope_prediction prediction;
  bool predicted;
  double margin[REFERENCES], cosine[REFERENCES], cosine_predicted;
  uint64_t momentum_stale_until, second_stale_until; /* the last records that found them stale */
  double momentum_excess, second_excess;             /* there */
  json_t *warnings;
} train_run;

static const char *const NAMES[REFERENCES] = {"l2", "linf", "l1"};
static const biascope_norm NORMS[REFERENCES] = {{.kind = BIASCOPE_L2}, {.kind = BIASCOPE_LINF}, {.kind = BIASCOPE_L1}};
static const struct argp_child CHILDREN[] = {
    {&cli_data_argp, 0, 0, 0}, {&cli_optimizer_argp, 0, "Optimizer:", 2}, {&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"steps", OPTION_STEPS, "T", 0, "Optimizer steps in all (default 100000)", 3},
    {"record", OPTION_RECORD, "log:K", 0, "K log-spaced records (default log:100)", 3},
    {"trace", OPTION_TRACE, "FILE", 0, "Write the records as CSV", 3},
    {"checkpoint", OPTION_CHECKPOINT, "FILE", 0, "Write the final state, or the state at Ctrl-C", 3},
    {"resume", OPTION_RESUME, "FILE", 0, "Continue from a checkpoint", 3},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
  train_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = state->child_inputs[2] = &flags->common;
    state->child_inputs[1] = &flags->optimizer;
    return 0;
  case OPTION_STEPS:
    flags->steps = cli_parse_u64(state, "--steps", text, 1, UINT64_C(1) << 62);
    return 0;
  case OPTION_RECORD:
    if (strncmp(text, "log:", 4) != 0) argp_error(state, "--record: '%s' is not of the form log:K", text);
    flags->records = cli_parse_u64(state, "--record", text + 4, 1, 1000000);
    return 0;
  case OPTION_TRACE:
    flags->trace = text;
    return 0;
  case OPTION_CHECKPOINT:
    flags->checkpoint = text;
    return 0;
  case OPTION_RESUME:
    flags->resume = text;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp ARGP = {.options = OPTIONS,
                                 .parser = parse,
                                 .children = CHILDREN,
                                 .args_doc = "DATA",
                                 .doc = "Trains, and compares the direction with every max-margin reference."};

static volatile sig_atomic_t interrupted;
static void interrupt(int number) {
  interrupted = number;
}

static void warn(train_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(train_run *run, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  json_array_append_new(run->warnings, json_string(text));
}

static biascope_status measure(train_run *run, biascope_error *error) {
  const double *w = biascope_trainer_weights(run->trainer);
  for (int i = 0; i < REFERENCES; i++) {
    run->margin[i] = biascope_margin_of(run->data, NORMS[i], w);
    run->cosine[i] = NAN;
    if (!run->reference[i].direction) continue;
    const biascope_status status =
        biascope_margin_cosine(run->data, NORMS[i], &run->reference[i], w, &run->cosine[i], NULL, error);
    if (status != BIASCOPE_OK) return status;
  }
  run->cosine_predicted =
      run->predicted ? bs_cosine(biascope_dataset_features(run->data), w, run->prediction.direction) : NAN;
  const biascope_staleness stale = biascope_trainer_staleness(run->trainer);
  if (stale.momentum_stale) {
    run->momentum_stale_until = biascope_trainer_step(run->trainer);
    run->momentum_excess = stale.momentum_excess;
  }
  if (stale.second_moment_stale) {
    run->second_stale_until = biascope_trainer_step(run->trainer);
    run->second_excess = stale.second_moment_excess;
  }
  return BIASCOPE_OK;
}

static void record(const train_run *run, FILE *trace) {
  if (!trace) return;
  const size_t d = biascope_dataset_features(run->data);
  fprintf(trace, "%llu,%.17g,%.17g", (unsigned long long)biascope_trainer_step(run->trainer),
          biascope_trainer_log_loss(run->trainer), log(bs_norm2(d, biascope_trainer_weights(run->trainer))));
  for (int i = 0; i < REFERENCES; i++) fprintf(trace, ",%.17g", run->margin[i]);
  for (int i = 0; i < REFERENCES; i++) {
    if (isfinite(run->cosine[i]))
      fprintf(trace, ",%.17g", run->cosine[i]);
    else
      fputc(',', trace);
  }
  if (isfinite(run->cosine_predicted))
    fprintf(trace, ",%.17g\n", run->cosine_predicted);
  else
    fputs(",\n", trace);
}

/* Log-spaced record number `index` of `records`, the last one at `steps`. */
static uint64_t record_step(uint64_t steps, uint64_t records, uint64_t index) {
  if (index + 1 >= records) return steps;
  return (uint64_t)llround(pow((double)steps, (double)(index + 1) / (double)records));
}

static void show_progress(const train_flags *flags, uint64_t step, uint64_t first, double seconds) {
  if (flags->common.quiet || !isatty(STDERR_FILENO)) return;
  const double done = (double)(step - first), rest = (double)(flags->steps - step);
  fprintf(stderr, "\r%5.1f%%  %.3g steps/s  ETA %.0f s   ", 100.0 * (double)step / (double)flags->steps,
          done / fmax(seconds, 1e-9), rest * seconds / fmax(done, 1.0));
  if (step == flags->steps) fputs("\r\033[K", stderr);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static biascope_status advance(train_run *run, const train_flags *flags, FILE *trace, biascope_error *error) {
  const uint64_t first = biascope_trainer_step(run->trainer);
  const double start = now();
  biascope_status status = BIASCOPE_OK;
  uint64_t chunk = 1024;
  for (uint64_t i = 0; i < flags->records && status == BIASCOPE_OK && !interrupted; i++) {
    const uint64_t target = record_step(flags->steps, flags->records, i);
    uint64_t step = biascope_trainer_step(run->trainer);
    if (target <= step) continue;
    while (step < target && status == BIASCOPE_OK && !interrupted) {
      const double before = now();
      status = biascope_trainer_run(run->trainer, target - step < chunk ? target - step : chunk, error);
      if (now() - before < 0.05 && chunk < UINT64_C(1) << 24) chunk *= 2; /* no further: it must not overflow */
      step = biascope_trainer_step(run->trainer);
      show_progress(flags, step, first, now() - start);
    }
    if (status == BIASCOPE_OK && step == target) {
      status = measure(run, error);
      record(run, trace);
    }
  }
  if (status == BIASCOPE_OK && biascope_trainer_step(run->trainer) == first) status = measure(run, error);
  return status;
}

static biascope_status solve_references(train_run *run, const biascope_train_options *options, biascope_error *error) {
  for (int i = 0; i < REFERENCES; i++) {
    const biascope_status status = biascope_margin_solve(run->data, NORMS[i], NULL, &run->reference[i], error);
    if (status == BIASCOPE_NOT_SEPARABLE || status == BIASCOPE_NO_MEMORY) return status;
    if (status == BIASCOPE_OK) continue;
    warn(run, "the %s reference is missing: %s", NAMES[i], error->message);
    biascope_margin_free(&run->reference[i]);
    run->reference[i] = (biascope_margin){0};
  }
  const biascope_status status = biascope_predict(run->data, options, NULL, &run->prediction, error);
  run->predicted = status == BIASCOPE_OK && run->prediction.direction;
  if (!run->predicted) warn(run, "no prediction to compare with: %s", error->message);
  return BIASCOPE_OK;
}

/* At the start every buffer is stale for a moment; it matters where it lasted. */
static void warn_of_staleness(train_run *run, const char *buffer, const char *beta, uint64_t until, double excess) {
  if (until <= biascope_trainer_step(run->trainer) / 100) return;
  warn(run,
       "stale %s until step %llu at least: it was %.3g times the largest gradient of any sample there, so made of old "
       "ones, and the steps followed those; a smaller %s or --lr lets it keep up",
       buffer, (unsigned long long)until, excess, beta);
}

static json_t *triple(const double *values) {
  json_t *object = json_object();
  for (int i = 0; i < REFERENCES; i++) json_object_set_new(object, NAMES[i], cli_json_number(values[i]));
  return object;
}

static int print_result(train_run *run, const train_flags *flags) {
  const size_t d = biascope_dataset_features(run->data);
  const double *w = biascope_trainer_weights(run->trainer);
  const double norm = bs_norm2(d, w);
  double ratio[REFERENCES], angle[REFERENCES];
  for (int i = 0; i < REFERENCES; i++) {
    ratio[i] = run->reference[i].margin > 0.0 ? run->margin[i] / run->reference[i].margin : NAN;
    angle[i] = acos(run->cosine[i]);
  }
  if (!flags->common.json) {
    printf("steps %llu, log loss %.6g, log ||w||_2 %.6g\n\n      cosine      angle       margin ratio\n",
           (unsigned long long)biascope_trainer_step(run->trainer), biascope_trainer_log_loss(run->trainer), log(norm));
    for (int i = 0; i < REFERENCES; i++) {
      if (isfinite(run->cosine[i])) printf("%-5s %-11.8f %-11.3e %.6f\n", NAMES[i], run->cosine[i], angle[i], ratio[i]);
    }
    if (run->predicted) printf("%-5s %.8f\n", "limit", run->cosine_predicted);
    for (size_t i = 0; i < json_array_size(run->warnings); i++)
      printf("warning: %s\n", json_string_value(json_array_get(run->warnings, i)));
    return 0;
  }
  json_t *direction = json_array(), *cosine = triple(run->cosine);
  for (size_t k = 0; k < d; k++) json_array_append_new(direction, json_real(norm > 0.0 ? w[k] / norm : 0.0));
  json_object_set_new(cosine, "predicted", cli_json_number(run->cosine_predicted));
  return cli_print_json(json_pack(
      "{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}", "steps", (json_int_t)biascope_trainer_step(run->trainer),
      "direction", direction, "weight_norm_log", cli_json_number(log(norm)), "loss_log",
      cli_json_number(biascope_trainer_log_loss(run->trainer)), "margin", triple(run->margin), "margin_ratio",
      triple(ratio), "cosine", cosine, "angle", triple(angle), "warnings", run->warnings));
}

static biascope_status start(train_run *run, const train_flags *flags, biascope_error *error) {
  biascope_status status = biascope_dataset_read(flags->common.data_path, &flags->common.read, &run->data, error);
  if (status == BIASCOPE_OK)
    status = biascope_trainer_create(run->data, &flags->optimizer.options, &run->trainer, error);
  if (status == BIASCOPE_OK && flags->resume) status = biascope_trainer_resume(run->trainer, flags->resume, error);
  if (status == BIASCOPE_OK && biascope_trainer_step(run->trainer) > flags->steps) {
    snprintf(error->message, sizeof error->message, "%s: the checkpoint is at step %llu; expected --steps beyond it",
             flags->resume, (unsigned long long)biascope_trainer_step(run->trainer));
    status = error->status = BIASCOPE_USAGE;
  }
  if (status == BIASCOPE_OK) status = solve_references(run, &flags->optimizer.options, error);
  return status;
}

static void finish(train_run *run) {
  for (int i = 0; i < REFERENCES; i++) biascope_margin_free(&run->reference[i]);
  biascope_prediction_free(&run->prediction);
  biascope_trainer_free(run->trainer);
  biascope_dataset_free(run->data);
  json_decref(run->warnings);
}

int cli_train(int argc, char **argv) {
  train_flags flags = {.steps = 100000, .records = 100};
  argp_parse(&ARGP, argc, argv, 0, NULL, &flags);
  flags.optimizer.options.seed = flags.common.seed;
  train_run run = {.warnings = json_array()};
  biascope_error error = {0};
  bs_output_file trace = {0};
  struct sigaction action = {.sa_handler = interrupt};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  biascope_status status = start(&run, &flags, &error);
  if (status == BIASCOPE_OK && flags.trace) status = bs_output_open(&trace, flags.trace, &error);
  if (trace.stream)
    fputs("step,log_loss,log_weight_norm,margin_l2,margin_linf,margin_l1,cos_l2,cos_linf,cos_l1,cos_predicted\n",
          trace.stream);
  if (status == BIASCOPE_OK) status = advance(&run, &flags, trace.stream, &error);
  if (status == BIASCOPE_OK && trace.stream)
    status = bs_output_commit(&trace, &error);
  else
    bs_output_abandon(&trace);
  if (status == BIASCOPE_OK && flags.checkpoint) status = biascope_trainer_save(run.trainer, flags.checkpoint, &error);
  int code = cli_report(status, &error);
  if (status == BIASCOPE_OK && interrupted) {
    fprintf(stderr, "biascope: interrupted at step %llu%s%s\n", (unsigned long long)biascope_trainer_step(run.trainer),
            flags.checkpoint ? "; resume with --resume " : "", flags.checkpoint ? flags.checkpoint : "");
    code = 130;
  } else if (status == BIASCOPE_OK) {
    warn_of_staleness(&run, "momentum", "--beta1", run.momentum_stale_until, run.momentum_excess);
    warn_of_staleness(&run, "second moment", "--beta2", run.second_stale_until, run.second_excess);
    code = print_result(&run, &flags);
  }
  finish(&run);
  return code;
}
