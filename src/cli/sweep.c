#include "biascope_study.h"
#include "cli/cli.h"
#include "cli/live.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORE = 4000, JOBS, DRY_RUN, SHARD, TEST, TEST_FRACTION };
enum { INTERRUPTED = 130 };

typedef struct {
  cli_common common;
  const char *spec_path, *store_path, *test;
  double test_fraction;       /* 0: none */
  size_t jobs, shard, shards; /* shards 0: all runs */
  bool dry_run;
} sweep_flags;

/* The only variable that a signal handler can reach. */
static atomic_bool interrupted;

/* The second signal ends the program at once. No finished run is lost. */
static void interrupt(int signal_number) {
  if (!atomic_exchange(&interrupted, true)) return;
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void parse_shard(struct argp_state *state, sweep_flags *flags, const char *text) {
  char end;
  unsigned long index, count;
  if (sscanf(text, "%lu/%lu%c", &index, &count, &end) != 2 || strpbrk(text, "+- ") || count < 1 || count > 1000000 ||
      index > count)
    argp_error(state, "--shard: '%s' is not I/N with 1 <= I <= N (0 stands for N)", text);
  flags->shard = index;
  flags->shards = count;
}

static error_t parse(int key, char *text, struct argp_state *state) {
  sweep_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    return 0;
  case ARGP_KEY_ARG:
    if (flags->spec_path) argp_error(state, "unexpected argument '%s': SPEC is '%s' already", text, flags->spec_path);
    flags->spec_path = text;
    return 0;
  case STORE:
    flags->store_path = text;
    return 0;
  case JOBS:
    flags->jobs = (size_t)cli_parse_u64(state, "--jobs", text, 1, 1024);
    return 0;
  case DRY_RUN:
    flags->dry_run = true;
    return 0;
  case SHARD:
    parse_shard(state, flags, text);
    return 0;
  case TEST:
    flags->test = text;
    return 0;
  case TEST_FRACTION:
    flags->test_fraction = cli_parse_test_fraction(state, text);
    return 0;
  case ARGP_KEY_END:
    cli_require_one_test(state, flags->test, flags->test_fraction);
    if (!flags->spec_path) argp_error(state, "SPEC is missing: a study in a .toml file");
    if (!flags->store_path && !flags->dry_run) argp_error(state, "--store is missing: the file that keeps the runs");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"store", STORE, "FILE", 0, "The store: an SQLite file, created if needed; runs that are in it are not repeated",
     1},
    {"jobs", JOBS, "J", 0, "Threads (default: one for each core; under mpirun one for each rank)", 1},
    {"dry-run", DRY_RUN, 0, 0, "Check the study, count its runs and estimate the time, but run nothing", 1},
    {"shard", SHARD, "I/N", 0,
     "Only the I-th of N parts, for several machines; 'biascope merge' brings the stores together", 1},
    {"test", TEST, "FILE", 0, "Test data for the study's files that have none of their own: test_accuracy", 1},
    {"test-fraction", TEST_FRACTION, "F", 0, "Hold this fraction of such files, chosen by the seed, out as the test",
     1},
    {0},
};
static const struct argp ARGP = {.parser = parse,
                                 .options = OPTIONS,
                                 .children = CHILDREN,
                                 .args_doc = "SPEC",
                                 .doc = "Run a study: data sets x optimizers x options. Stopped at any moment and "
                                        "started again, it continues from there."};

/* Drops the runs that the store already holds, if there is a store. */
static biascope_status drop_finished(const char *store_path, biascope_study *study, biascope_error *error) {
  if (!store_path || access(store_path, F_OK) != 0) return BIASCOPE_OK;
  biascope_store *store;
  biascope_status status = biascope_store_open(store_path, BIASCOPE_STORE_READ, &store, error);
  if (status == BIASCOPE_OK) status = biascope_study_drop_finished(study, store, error);
  biascope_store_close(store);
  return status;
}

static int dry_run(const sweep_flags *flags, biascope_study *study) {
  const size_t runs = biascope_study_runs(study);
  double seconds = 0.0;
  biascope_error error;
  biascope_status status = drop_finished(flags->store_path, study, &error);
  if (status == BIASCOPE_OK) status = biascope_study_estimate(study, flags->jobs, &seconds, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  const size_t finished = runs - biascope_study_runs(study);
  if (flags->common.json)
    return cli_print_json(json_pack("{s:I, s:I, s:I, s:o}", "runs", (json_int_t)runs, "finished", (json_int_t)finished,
                                    "combinations", (json_int_t)biascope_study_combinations(study), "seconds_estimate",
                                    cli_json_number(seconds)));
  printf("%zu runs, %zu of them finished, about %.1f s to go with %zu jobs\n", runs, finished, seconds, flags->jobs);
  return 0;
}

static int summarise(const sweep_flags *flags, const biascope_sweep_result *r, size_t runs) {
  const size_t finished = runs - r->runs + r->done;
  if (flags->common.json)
    return cli_print_json(json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:b}", "runs", (json_int_t)runs, "finished", (json_int_t)finished, "ran",
        (json_int_t)r->done, "not_separable", (json_int_t)r->not_separable, "diverged", (json_int_t)r->diverged,
        "seconds", r->seconds, "store_seconds", r->store_seconds, "interrupted", (int)atomic_load(&interrupted)));
  if (flags->common.quiet) return 0;
  fprintf(stderr, "%zu of %zu runs are in %s; %zu of them ran now, in %.1f s\n", finished, runs, flags->store_path,
          r->done, r->seconds);
  if (r->not_separable)
    fprintf(stderr, "note: the data of %zu runs is not separable; they are recorded as such\n", r->not_separable);
  if (r->diverged)
    fprintf(stderr,
            "note: in %zu runs the weights left the range that can be followed; they are recorded as diverged\n",
            r->diverged);
  if (r->done < r->runs) fputs("interrupted: the same command goes on from here\n", stderr);
  return 0;
}

/* state: a cli_live, or NULL if nothing is to be shown. */
static bool watch(void *state, const biascope_progress *progress) {
  if (state) cli_live_show(state, progress);
  return !atomic_load(&interrupted);
}

static int sweep(const sweep_flags *flags, bool first, biascope_study *study) {
  const size_t runs = biascope_study_runs(study);
  biascope_error error;
  biascope_sweep_result result;
  cli_live live = cli_live_start();
  const biascope_monitor monitor = {.tell = watch, .state = first && !flags->common.quiet ? &live : NULL};
  const biascope_status status = biascope_study_sweep(study, flags->store_path, flags->jobs, &monitor, &result, &error);
  cli_live_end(&live);
  if (status != BIASCOPE_OK && status != BIASCOPE_CANCELLED) return first ? cli_report(status, &error) : (int)status;
  const int code = first ? summarise(flags, &result, runs) : 0;
  return code ? code : result.done < result.runs ? INTERRUPTED : 0;
}

static int run_study(const sweep_flags *flags, bool first, biascope_study *study) {
  const size_t runs = biascope_study_runs(study), combinations = biascope_study_combinations(study);
  if (runs < combinations && !flags->common.quiet && first)
    fprintf(stderr, "note: %zu of %zu combinations repeat another run, in all that it depends on, and are run once\n",
            combinations - runs, combinations);
  if (flags->shards) biascope_study_keep_shard(study, flags->shard, flags->shards);
  return flags->dry_run ? dry_run(flags, study) : sweep(flags, first, study);
}

/* Reads the study, once it is sure that no file of it is the store. */
static biascope_status read_study(const sweep_flags *flags, biascope_study **study, biascope_error *error) {
  cli_files files = {0};
  cli_reads(&files, "SPEC", flags->spec_path);
  cli_reads(&files, "--test", flags->test);
  cli_writes(&files, "--store", flags->store_path);
  const biascope_status status = cli_keep_apart(&files, error);
  if (status != BIASCOPE_OK) return status;
  return biascope_study_read_tested(flags->spec_path, flags->test, flags->test_fraction, study, error);
}

int cli_sweep(int argc, char **argv) {
  sweep_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  const struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  const biascope_ranks ranks = biascope_ranks_start();
  const bool first = ranks.rank == 0;
  if (!flags.jobs) flags.jobs = ranks.count > 1 ? 1 : cli_processors();
  biascope_study *study = NULL;
  biascope_error error;
  const biascope_status status = read_study(&flags, &study, &error);
  int code = first ? cli_report(status, &error) : (int)status;
  if (status == BIASCOPE_OK) code = run_study(&flags, first, study);
  biascope_study_free(study);
  biascope_ranks_end();
  return code;
}
