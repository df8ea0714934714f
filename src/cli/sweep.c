#include "cli/cli.h"
#include "cli/live.h"
#include "study/ranks.h"
#include "study/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORE = 4000, JOBS, DRY_RUN, SHARD };
enum { INTERRUPTED = 130 };

typedef struct {
  cli_common common;
  const char *spec_path, *store_path;
  size_t jobs, shard, shards; /* shards 0: all runs */
  bool dry_run;
} sweep_flags;

/* The one thing a signal handler can reach. */
static atomic_bool interrupted;

/* The second signal ends the program at once, which costs no finished run either. */
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
  case ARGP_KEY_END:
    if (!flags->spec_path) argp_error(state, "SPEC is missing: a study in a .toml file");
    if (!flags->store_path && !flags->dry_run) argp_error(state, "--store is missing: the file that keeps the runs");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"store", STORE, "FILE", 0, "The store: an SQLite file, made where there is none; runs in it are not run again", 1},
    {"jobs", JOBS, "J", 0, "Threads (default: one a core; one a rank under mpirun)", 1},
    {"dry-run", DRY_RUN, 0, 0, "Check the study, count its runs and estimate the time, but run nothing", 1},
    {"shard", SHARD, "I/N", 0,
     "Only the I-th of N parts, for several machines; 'biascope merge' brings the stores together", 1},
    {0},
};
static const struct argp ARGP = {.parser = parse,
                                 .options = OPTIONS,
                                 .children = CHILDREN,
                                 .args_doc = "SPEC",
                                 .doc = "Run a study: data sets x optimizers x options. Stopped at any moment and "
                                        "started again, it goes on where it was."};

static int dry_run(const sweep_flags *flags, bs_plan *plan) {
  const size_t runs = plan->run_count;
  biascope_error error;
  biascope_status status = BIASCOPE_OK;
  if (flags->store_path && access(flags->store_path, F_OK) == 0) {
    bs_store *store;
    status = bs_store_open(flags->store_path, BS_STORE_READ, &store, &error);
    bs_fingerprint *finished = NULL;
    size_t count = 0;
    if (status == BIASCOPE_OK) status = bs_store_finished(store, &finished, &count, &error);
    if (status == BIASCOPE_OK) bs_plan_drop(plan, finished, count);
    free(finished);
    bs_store_close(store);
  }
  double seconds = 0.0;
  if (status == BIASCOPE_OK) status = bs_sweep_estimate(plan, flags->jobs, &seconds, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  const size_t finished = runs - plan->run_count;
  if (flags->common.json)
    return cli_print_json(json_pack("{s:I, s:I, s:I, s:o}", "runs", (json_int_t)runs, "finished", (json_int_t)finished,
                                    "combinations", (json_int_t)plan->combinations, "seconds_estimate",
                                    cli_json_number(seconds)));
  printf("%zu runs, %zu of them finished, about %.1f s to go with %zu jobs\n", runs, finished, seconds, flags->jobs);
  return 0;
}

static int summarise(const sweep_flags *flags, const bs_sweep_progress *p, size_t runs) {
  const size_t finished = runs - p->runs + p->done;
  if (flags->common.json)
    return cli_print_json(json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:b}", "runs", (json_int_t)runs, "finished", (json_int_t)finished, "ran",
        (json_int_t)p->done, "not_separable", (json_int_t)p->not_separable, "diverged", (json_int_t)p->diverged,
        "seconds", p->seconds, "store_seconds", p->store_seconds, "interrupted", (int)atomic_load(&interrupted)));
  if (flags->common.quiet) return 0;
  fprintf(stderr, "%zu of %zu runs are in %s; %zu of them ran now, in %.1f s\n", finished, runs, flags->store_path,
          p->done, p->seconds);
  if (p->not_separable)
    fprintf(stderr, "note: the data of %zu runs is not separable; they are recorded as such\n", p->not_separable);
  if (p->diverged)
    fprintf(stderr,
            "note: in %zu runs the weights left the range that can be followed; they are recorded as diverged\n",
            p->diverged);
  if (p->done < p->runs) fputs("interrupted: the same command goes on from here\n", stderr);
  return 0;
}

/* Rank 0: opens the store and reads what it holds. */
static biascope_status open_store(const sweep_flags *flags, const bs_spec *spec, bs_store **store,
                                  bs_fingerprint **finished, size_t *count, biascope_error *error) {
  biascope_status status = bs_store_open(flags->store_path, BS_STORE_WRITE, store, error);
  if (status == BIASCOPE_OK)
    status = bs_store_add_study(*store, spec->name, spec->path, bs_toml_source(spec->document), error);
  return status == BIASCOPE_OK ? bs_store_finished(*store, finished, count, error) : status;
}

static int sweep(const sweep_flags *flags, bs_ranks *ranks, bs_plan *plan) {
  const size_t runs = plan->run_count;
  const bool first = ranks->rank == 0;
  bs_store *store = NULL;
  bs_fingerprint *finished = NULL;
  size_t count = 0;
  biascope_error error;
  bs_sweep_progress progress;
  biascope_status status = first ? open_store(flags, plan->spec, &store, &finished, &count, &error) : BIASCOPE_OK;
  int code = cli_report(status, &error);
  status = bs_ranks_agree(status, &finished, &count);
  if (status == BIASCOPE_OK) {
    bs_plan_drop(plan, finished, count);
    bs_sink sink = bs_store_sink(store);
    bs_ranks_divide(ranks, plan, &sink);
    cli_live live = cli_live_start();
    const bs_sweep_options options = {.jobs = flags->jobs,
                                      .stop = &interrupted,
                                      .progress = first && !flags->common.quiet ? cli_live_show : NULL,
                                      .progress_state = &live};
    status = bs_sweep_run(plan, &sink, &options, &progress, &error);
    cli_live_end(&live);
    code = cli_report(status, &error);
    bs_ranks_finish(ranks);
  }
  free(finished);
  bs_store_close(store);
  if (status == BIASCOPE_OK && first) code = summarise(flags, &progress, runs);
  return status != BIASCOPE_OK || code ? code : progress.done < progress.runs ? INTERRUPTED : 0;
}

static int run_plan(const sweep_flags *flags, bs_ranks *ranks, bs_plan *plan) {
  if (plan->run_count < plan->combinations && !flags->common.quiet && ranks->rank == 0)
    fprintf(stderr, "note: %zu of %zu combinations repeat another run, in all that it depends on, and are run once\n",
            plan->combinations - plan->run_count, plan->combinations);
  if (flags->shards) bs_plan_keep_shard(plan, flags->shard, flags->shards);
  return flags->dry_run ? dry_run(flags, plan) : sweep(flags, ranks, plan);
}

static int plan_and_run(const sweep_flags *flags, bs_ranks *ranks) {
  bs_spec spec = {0};
  bs_plan plan = {0};
  biascope_error error;
  biascope_status status = bs_spec_read(flags->spec_path, &spec, &error);
  if (status == BIASCOPE_OK) status = bs_plan_make(&spec, &plan, &error);
  int code = ranks->rank == 0 ? cli_report(status, &error) : (int)status;
  const bool all_well = bs_ranks_check(status) == BIASCOPE_OK;
  if (all_well && plan.spec) code = run_plan(flags, ranks, &plan);
  bs_plan_free(&plan);
  bs_spec_free(&spec);
  return code;
}

int cli_sweep(int argc, char **argv) {
  sweep_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  const struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  bs_ranks ranks = bs_ranks_start();
  if (!flags.jobs) flags.jobs = ranks.count > 1 ? 1 : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
  const int code = plan_and_run(&flags, &ranks);
  bs_ranks_end();
  return code;
}
