#include "cli/train.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  OPTION_STEPS = 4000,
  OPTION_RECORD,
  OPTION_TRACE,
  OPTION_CHECKPOINT,
  OPTION_RESUME,
  OPTION_THREADS,
  OPTION_REFERENCES
};

typedef struct {
  cli_common common;
  cli_optimizer_flags optimizer;
  cli_result result;
  uint64_t steps;
  size_t threads;
  unsigned per_decade; /* records */
  const char *trace, *checkpoint, *resume;
  biascope_reference_set references; /* the references that are named */
  bool references_given;             /* whether any are named */
  bool no_prediction;
} train_flags;

static const struct argp_child CHILDREN[] = {{&cli_data_argp, 0, 0, 0},
                                             {&cli_optimizer_argp, 0, "Optimizer:", 2},
                                             {&cli_common_argp, 0, 0, 0},
                                             {&cli_result_argp, 0, 0, 0},
                                             {0}};
static const struct argp_option OPTIONS[] = {
    {"steps", OPTION_STEPS, "T", 0, "Optimizer steps in all (default 100000)", 3},
    {"record", OPTION_RECORD, "log:K", 0, "Compare K times in each decade of steps, and at the end (default log:20)",
     3},
    {"trace", OPTION_TRACE, "FILE", 0, "Write what was recorded as CSV", 3},
    {"checkpoint", OPTION_CHECKPOINT, "FILE", 0, "Write the final state, or the state at Ctrl-C", 3},
    {"resume", OPTION_RESUME, "FILE", 0, "Continue from a checkpoint", 3},
    {"references", OPTION_REFERENCES, "all|none|LIST", 0,
     "Margins to compare with after the run, as in l2,linf (default: those of l2, linf, l1 and, of several classes, "
     "spectral and nuclear that take seconds)",
     3},
    {"threads", OPTION_THREADS, "K", 0,
     "Threads for steps over most of large data (default 1); the result is the same for any number", 3},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
  train_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = state->child_inputs[2] = &flags->common;
    state->child_inputs[1] = &flags->optimizer;
    state->child_inputs[3] = &flags->result;
    return 0;
  case OPTION_STEPS:
    flags->steps = cli_parse_u64(state, "--steps", text, 1, UINT64_C(1) << 62);
    return 0;
  case OPTION_RECORD:
    flags->per_decade = cli_parse_record(state, text);
    return 0;
  case OPTION_TRACE:
    flags->trace = text;
    return 0;
  case OPTION_CHECKPOINT:
    flags->checkpoint = text;
    return 0;
  case OPTION_REFERENCES:
    flags->references = cli_parse_references(state, text, BIASCOPE_ALL_NORMS);
    flags->references_given = true;
    flags->no_prediction = !strcmp(text, "none");
    return 0;
  case OPTION_THREADS:
    flags->threads = (size_t)cli_parse_u64(state, "--threads", text, 1, 1024);
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

/* The first Ctrl-C asks the run to stop and to leave its checkpoint; a second one ends the program. */
static volatile sig_atomic_t interrupted;
static void interrupt(int number) {
  interrupted = number;
}

static void on_interrupt(void (*handler)(int)) {
  const struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* Whether progress is shown on stderr during the run. */
static bool is_shown(const train_flags *flags) {
  return !flags->common.quiet && isatty(STDERR_FILENO);
}

/* The state of the run's monitor. */
typedef struct {
  const train_flags *flags;
  uint64_t first; /* the step at which this process started */
  double start;   /* on the monotonic clock */
} watch;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool watch_steps(void *state, const biascope_progress *progress) {
  const watch *w = state;
  const uint64_t steps = w->flags->steps, step = progress->done;
  if (is_shown(w->flags)) {
    const double done = (double)(step - w->first), rest = (double)(steps - step), seconds = now() - w->start;
    fprintf(stderr, "\r%5.1f%%  %.3g steps/s  ETA %.0f s   ", 100.0 * (double)step / (double)steps,
            done / fmax(seconds, 1e-9), rest * seconds / fmax(done, 1.0));
    if (step == steps) fputs("\r\033[K", stderr);
  }
  return !interrupted;
}

static biascope_status advance(train_run *run, const train_flags *flags, biascope_error *error) {
  watch state = {flags, biascope_trainer_step(run->trainer), now()};
  const biascope_monitor monitor = {watch_steps, &state};
  biascope_status status = BIASCOPE_OK;
  while (status == BIASCOPE_OK && biascope_trainer_step(run->trainer) < flags->steps && !interrupted) {
    const uint64_t target = biascope_record_next(biascope_trainer_step(run->trainer), flags->steps, flags->per_decade);
    status = biascope_trainer_run_to(run->trainer, target, &monitor, error);
    if (biascope_trainer_step(run->trainer) < target) break;
    if (status == BIASCOPE_OK || status == BIASCOPE_CANCELLED) status = train_record(run, flags->steps, error);
  }
  return status == BIASCOPE_CANCELLED ? BIASCOPE_OK : status;
}

/* On a terminal, overwrites the line of progress. */
static bool watch_comparison(void *state, const biascope_progress *progress) {
  if (is_shown(state)) fprintf(stderr, "\r\033[Kthe run is compared: computing %s ", progress->what);
  return true; /* an interrupted run also leaves its trace */
}

static biascope_status keep_files_apart(const train_flags *flags, biascope_error *error) {
  cli_files files = {0};
  cli_reads_data(&files, &flags->common);
  cli_uses_result(&files, &flags->result);
  cli_writes(&files, "--trace", flags->trace);
  cli_writes(&files, "--checkpoint", flags->checkpoint);
  /* A run may go on from the checkpoint that it replaces. */
  const bool replaced = flags->resume && flags->checkpoint && biascope_same_file(flags->resume, flags->checkpoint);
  if (!replaced) cli_reads(&files, "--resume", flags->resume);
  return cli_keep_apart(&files, error);
}

static biascope_status start(train_run *run, train_flags *flags, biascope_error *error) {
  run->options = flags->optimizer.options;
  biascope_status status = keep_files_apart(flags, error);
  if (status == BIASCOPE_OK) status = cli_set_whole(flags->optimizer.options, "seed", flags->common.seed, error);
  if (status == BIASCOPE_OK && flags->threads > 0)
    status = cli_set_whole(flags->optimizer.options, "threads", flags->threads, error);
  if (status == BIASCOPE_OK) status = cli_set_total_steps(flags->optimizer.options, flags->steps, error);
  if (status == BIASCOPE_OK) status = cli_read_data_and_test(&flags->common, &flags->result, &run->data, error);
  run->named = flags->references;
  if (status == BIASCOPE_OK) status = cli_fit_references(run->data, BIASCOPE_ALL_NORMS, &run->named, error);
  run->chosen = flags->references_given;
  run->no_prediction = flags->no_prediction;
  run->separable = true;
  if (status == BIASCOPE_OK) status = biascope_problem_create(run->data, &run->problem, error);
  if (status == BIASCOPE_OK) status = cli_set_test(&flags->result, run->problem, error);
  if (status == BIASCOPE_OK) biascope_problem_watch(run->problem, &(biascope_monitor){watch_comparison, flags});
  if (status == BIASCOPE_OK) status = biascope_trainer_create(run->data, run->options, &run->trainer, error);
  if (status == BIASCOPE_OK) run->start_log_loss = biascope_trainer_log_loss(run->trainer);
  if (status == BIASCOPE_OK && flags->resume) status = biascope_trainer_resume(run->trainer, flags->resume, error);
  if (status == BIASCOPE_OK && biascope_trainer_step(run->trainer) > flags->steps) {
    snprintf(error->message, sizeof error->message, "%s: the checkpoint is at step %llu; expected --steps beyond it",
             flags->resume, (unsigned long long)biascope_trainer_step(run->trainer));
    status = error->status = BIASCOPE_USAGE;
  }
  return status;
}

/* Writes the run's trace, and compares the run, if it is finished, with the references: nothing is left to save then,
 * and an interrupt ends the program. */
static biascope_status compare(train_run *run, biascope_output *trace, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  if (trace->stream) status = train_trace_rows(run, error);
  if (status == BIASCOPE_OK && trace->stream) status = biascope_output_commit(trace, error);
  if (!interrupted) on_interrupt(SIG_DFL);
  if (status == BIASCOPE_OK && !interrupted) status = train_compare(run, error);
  if (status == BIASCOPE_OK && !interrupted)
    status = train_measure(run, biascope_trainer_weights(run->trainer), &run->last, error);
  run->last.log_loss = biascope_trainer_log_loss(run->trainer);
  if (status == BIASCOPE_OK && run->parts)
    status =
        biascope_parts_measure(run->parts, run->minimiser, biascope_trainer_weights(run->trainer), &run->split, error);
  return status;
}

/* Trains, saves, and only then compares: nothing delays the run. An interrupted run leaves its checkpoint and its trace
 * up to then. */
static biascope_status train(train_run *run, train_flags *flags, biascope_error *error) {
  biascope_output trace = {0};
  biascope_status status = start(run, flags, error);
  if (status == BIASCOPE_OK && flags->trace) status = biascope_output_open(&trace, flags->trace, error);
  run->trace = trace.stream;
  if (run->trace) train_trace_head(run);
  if (status == BIASCOPE_OK) status = advance(run, flags, error);
  if (status == BIASCOPE_OK && flags->checkpoint)
    status = biascope_trainer_save(run->trainer, flags->checkpoint, error);
  if (status == BIASCOPE_OK) status = compare(run, &trace, error);
  if (status != BIASCOPE_OK) biascope_output_abandon(&trace);
  if (is_shown(flags)) fputs("\r\033[K", stderr);
  return status;
}

/* Classifies the test data and writes the direction, if asked for. */
static biascope_status finish(train_run *run, train_flags *flags, biascope_error *error) {
  const size_t d = biascope_dataset_outputs(run->data) * biascope_dataset_features(run->data);
  const double *w = biascope_trainer_weights(run->trainer), norm = run->last.weight_norm;
  run->direction = calloc(d, sizeof *run->direction);
  if (!run->direction) return cli_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the direction");
  for (size_t k = 0; k < d; k++) run->direction[k] = norm > 0.0 ? w[k] / norm : 0.0;
  const biascope_reference_set references = run->separable ? run->wanted : 0;
  const biascope_status status =
      cli_test(&flags->result, run->problem, references, run->prediction, run->direction, error);
  return status == BIASCOPE_OK ? cli_write_weights(&flags->result, run->data, run->direction, error) : status;
}

static int report_interruption(const train_run *run, const train_flags *flags) {
  const unsigned long long step = biascope_trainer_step(run->trainer);
  if (flags->checkpoint)
    fprintf(stderr, "biascope: interrupted at step %llu; go on with --resume %s\n", step, flags->checkpoint);
  else
    fprintf(stderr, "biascope: interrupted at step %llu, and lost: there is no --checkpoint\n", step);
  return 128 + interrupted;
}

int cli_train(int argc, char **argv) {
  train_flags flags = {.steps = 100000, .per_decade = 20};
  cli_parse(&ARGP, argc, argv, &flags);
  flags.common.read.several_classes = true;
  train_run run = {0};
  biascope_error error = {0};
  on_interrupt(interrupt);
  biascope_status status = train(&run, &flags, &error);
  if (status == BIASCOPE_OK && !interrupted) status = finish(&run, &flags, &error);
  int code;
  if (status != BIASCOPE_OK)
    code = cli_report(status, &error);
  else if (interrupted)
    code = report_interruption(&run, &flags);
  else
    code = train_print(&run, &flags.result, flags.common.json);
  if (code == 0 && run.compared && !run.separable) code = cli_report(BIASCOPE_NOT_SEPARABLE, &run.not_separable);
  train_compared_free(&run);
  biascope_trainer_free(run.trainer);
  cli_free_test(&flags.result);
  biascope_dataset_free(run.data);
  biascope_options_free(flags.optimizer.options);
  return code;
}
