#include "study/sweep.h"

#include "base/clock.h"
#include "base/dense.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/team.h"
#include "train/fast/together.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double COMMIT_SECONDS = 0.25; /* what a kill can lose, in addition to the running runs */
static const double PROGRESS_SECONDS = 0.1;

/* A data set while runs need it: the first thread that needs it loads and solves it, the last one frees it. */
typedef struct {
  enum { ABSENT, LOADING, READY } state;
  size_t runs_left;
  biascope_dataset *data, *test; /* test: NULL if there are none */
  biascope_problem *reference;   /* NULL when READY: not separable */
} context;

typedef struct finished finished;
struct finished {
  bs_run_record record;
  finished *next;
};

typedef struct {
  const bs_plan *plan;
  atomic_bool stop;
  pthread_mutex_t lock; /* guards the rest */
  pthread_cond_t loaded, changed;
  context *contexts;
  const bs_plan_run **runs; /* of the plan; those that may share vectors are next to each other */
  size_t next, working, jobs;
  finished *first, **last; /* records for the writer */
  biascope_status status;  /* of the first failure */
  biascope_error error;
} sweep;

/* ---- Workers -------------------------------------------------------------------------------------- */

static biascope_status load(const bs_plan *plan, size_t index, context *c, biascope_error *error) {
  biascope_status status = bs_plan_load(plan, index, &c->data, &c->test, error);
  if (status == BIASCOPE_OK) status = bs_reference_create(c->data, c->test, &c->reference, error);
  return status == BIASCOPE_NOT_SEPARABLE ? BIASCOPE_OK : status;
}

/* Called with the lock held; releases it while loading or waiting. */
static biascope_status acquire(sweep *s, size_t index, biascope_error *error) {
  context *c = &s->contexts[index];
  while (c->state == LOADING) pthread_cond_wait(&s->loaded, &s->lock);
  if (c->state == READY) return BIASCOPE_OK;
  c->state = LOADING;
  pthread_mutex_unlock(&s->lock);
  const biascope_status status = load(s->plan, index, c, error);
  pthread_mutex_lock(&s->lock);
  c->state = READY;
  pthread_cond_broadcast(&s->loaded);
  return status;
}

static void unload(context *c) {
  biascope_problem_free(c->reference);
  biascope_dataset_free(c->data);
  biascope_dataset_free(c->test);
  c->reference = NULL;
  c->data = c->test = NULL;
}

static void fail(sweep *s, biascope_status status, const biascope_error *error) {
  if (s->status == BIASCOPE_OK) {
    s->status = status;
    s->error = *error;
  }
  atomic_store(&s->stop, true);
}

/* Gives the writer the records of the runs that were not abandoned. */
static void hand_over(sweep *s, finished **items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!items[i]->record.spec) {
      free(items[i]);
      continue;
    }
    *s->last = items[i];
    s->last = &items[i]->next;
  }
}

static biascope_status execute(sweep *s, const bs_plan_run *const *runs, size_t count, biascope_problem *reference,
                               finished **items, biascope_error *error) {
  bs_run_record records[BS_RUNS_TOGETHER];
  for (size_t i = 0; i < count; i++) {
    items[i] = BS_NEW(finished, 1);
    if (items[i]) continue;
    while (i > 0) free(items[--i]);
    return bs_fail_memory(error, "a run's record");
  }
  const biascope_status status = bs_runs_execute(s->plan, runs, count, reference, &s->stop, records, error);
  for (size_t i = 0; i < count; i++) {
    if (status == BIASCOPE_OK)
      items[i]->record = records[i];
    else
      free(items[i]);
  }
  return status;
}

/* With the lock held, takes some runs; releases the lock while it trains; then gives their records to the writer. */
static void work_on(sweep *s, const bs_plan_run *const *runs, size_t count) {
  context *c = &s->contexts[runs[0]->data];
  biascope_error error;
  finished *items[BS_RUNS_TOGETHER];
  biascope_status status = acquire(s, runs[0]->data, &error);
  if (status == BIASCOPE_OK) {
    pthread_mutex_unlock(&s->lock);
    status = execute(s, runs, count, c->reference, items, &error);
    pthread_mutex_lock(&s->lock);
    if (status == BIASCOPE_OK) hand_over(s, items, count);
  }
  c->runs_left -= count;
  if (c->runs_left == 0) unload(c);
  if (status != BIASCOPE_OK) fail(s, status, &error);
}

static bool may_share(const sweep *s, const bs_plan_run *a, const bs_plan_run *b) {
  return a->data == b->data && a->steps == b->steps &&
         bs_together_share(s->plan->data[a->data].features, &a->options, &b->options);
}

static int by_what_is_shared(const void *a, const void *b) {
  const bs_plan_run *x = *(const bs_plan_run *const *)a, *y = *(const bs_plan_run *const *)b;
  const uint64_t keys[][2] = {{x->data, y->data},
                              {x->steps, y->steps},
                              {x->options.optimizer, y->options.optimizer},
                              {x->options.loss, y->options.loss},
                              {x->options.batch_size, y->options.batch_size},
                              {x->options.order, y->options.order},
                              {(uintptr_t)x, (uintptr_t)y}}; /* as in the plan */
  size_t i = 0;
  while (i + 1 < sizeof keys / sizeof *keys && keys[i][0] == keys[i][1]) i++;
  return (keys[i][0] > keys[i][1]) - (keys[i][0] < keys[i][1]);
}

/* How many of the next runs one thread takes: those that share vectors, but few enough to leave work for every
 * thread. */
static size_t next_count(const sweep *s) {
  const size_t left = s->plan->run_count - s->next, share = (left + s->jobs - 1) / s->jobs;
  const bs_plan_run *const *runs = s->runs + s->next;
  size_t count = 1;
  while (count < BS_RUNS_TOGETHER && count < share && may_share(s, runs[0], runs[count])) count++;
  return count;
}

/* One of the threads, until no run is left. */
static void work(void *state, size_t part) {
  sweep *s = state;
  (void)part;
  pthread_mutex_lock(&s->lock);
  while (s->next < s->plan->run_count && !atomic_load(&s->stop)) {
    const bs_plan_run *const *runs = s->runs + s->next;
    const size_t count = next_count(s);
    s->next += count;
    work_on(s, runs, count);
    pthread_cond_signal(&s->changed);
  }
  s->working--;
  pthread_cond_signal(&s->changed);
  pthread_mutex_unlock(&s->lock);
}

/* ---- The writer ----------------------------------------------------------------------------------- */

/* The sweep so far: what the caller gets at the end, and what its monitor is told. */
typedef struct {
  biascope_sweep_result *result;
  double work, work_done; /* on a scale of its own */
  bool predicted;         /* the meaning of best and worst: the study predicts limits */
  double best, worst;     /* final cosine with the predicted limit, else with l2; NaN before the first */
  bs_fingerprint best_id, worst_id;
} tally;

static void count_run(tally *t, const bs_run_record *record) {
  t->result->done++;
  t->work_done += record->work;
  t->result->not_separable += record->status == BIASCOPE_NOT_SEPARABLE;
  t->result->diverged += record->status == BIASCOPE_NOT_CONVERGED;
  const double cosine = t->predicted ? record->predicted : record->cosine[0];
  if (!record->result || !isfinite(cosine)) return;
  if (!(cosine <= t->best)) {
    t->best = cosine;
    t->best_id = record->id;
  }
  if (!(cosine >= t->worst)) {
    t->worst = cosine;
    t->worst_id = record->id;
  }
}

/* False: the sweep must stop. */
static bool tell(const biascope_monitor *monitor, const tally *t) {
  char note[160] = "";
  if (!monitor || !monitor->tell) return true;
  if (isfinite(t->best))
    snprintf(note, sizeof note, "cosine with %s: best %.7f (%.8s), worst %.7f (%.8s)",
             t->predicted ? "the predicted limit" : "the l2 max margin", t->best, t->best_id.text, t->worst,
             t->worst_id.text);
  const biascope_progress progress = {.what = "runs",
                                      .done = t->result->done,
                                      .total = t->result->runs,
                                      .fraction = t->work > 0.0 ? t->work_done / t->work : 1.0,
                                      .seconds = t->result->seconds,
                                      .note = *note ? note : NULL};
  return monitor->tell(monitor->state, &progress);
}

typedef struct {
  sweep *sweep;
  const bs_sink *sink;
  tally *tally;
  biascope_status status; /* of the first failure; after it records are dropped */
  biascope_error *error;
} writer;

static void add(writer *w, const bs_run_record *record) {
  const double begin = bs_clock(CLOCK_THREAD_CPUTIME_ID);
  if (w->status == BIASCOPE_OK) w->status = w->sink->add(w->sink->state, record, w->error);
  if (w->status == BIASCOPE_OK) count_run(w->tally, record);
  w->tally->result->store_seconds += bs_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
}

static void commit(writer *w) {
  const double begin = bs_clock(CLOCK_THREAD_CPUTIME_ID);
  if (w->status == BIASCOPE_OK) w->status = w->sink->commit(w->sink->state, w->error);
  w->tally->result->store_seconds += bs_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
}

/* Waits for records; false when the workers have ended and none is left. */
static bool collect(sweep *s, finished **items) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += (long)(1e9 * PROGRESS_SECONDS);
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  pthread_mutex_lock(&s->lock);
  int code = 0;
  while (!s->first && s->working > 0 && code == 0) code = pthread_cond_timedwait(&s->changed, &s->lock, &until);
  *items = s->first;
  s->first = NULL;
  s->last = &s->first;
  const bool more = *items || s->working > 0;
  pthread_mutex_unlock(&s->lock);
  return more;
}

/* Adds the records from the workers and from other processes; false when no more will come. */
static bool gather(writer *w) {
  finished *items;
  bool more = collect(w->sweep, &items), others = false;
  while (items) {
    finished *next = items->next;
    add(w, &items->record);
    bs_run_record_free(&items->record);
    free(items);
    items = next;
  }
  for (bool found = w->sink->receive != NULL; found;) {
    bs_run_record record;
    others = w->sink->receive(w->sink->others, &record);
    found = record.spec != NULL;
    if (found) add(w, &record);
    bs_run_record_free(&record);
  }
  if (!more && others) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  return more || others;
}

static biascope_status write_until_done(writer *w, const biascope_monitor *monitor) {
  const double begin = bs_clock(CLOCK_MONOTONIC);
  double committed = begin, told = begin;
  bool wanted = true;
  while (gather(w)) {
    const double now = bs_clock(CLOCK_MONOTONIC);
    w->tally->result->seconds = now - begin;
    if (now - committed >= COMMIT_SECONDS) {
      commit(w);
      committed = now;
    }
    if (wanted && now - told >= PROGRESS_SECONDS) {
      wanted = tell(monitor, w->tally);
      told = now;
    }
    if (w->status != BIASCOPE_OK || !wanted) atomic_store(&w->sweep->stop, true);
  }
  commit(w);
  w->tally->result->seconds = bs_clock(CLOCK_MONOTONIC) - begin;
  if (w->status != BIASCOPE_OK || wanted) return w->status;
  return bs_fail(w->error, BIASCOPE_CANCELLED, "the sweep was stopped");
}

/* The caller writes while the other threads of the team work. */
static biascope_status work_and_write(sweep *s, writer *w, const biascope_monitor *monitor, biascope_error *error) {
  bs_team *team;
  biascope_status status = bs_team_create(&team, s->jobs + 1, error);
  if (status != BIASCOPE_OK) return status;
  s->working = bs_team_helpers(team);
  if (s->working == 0) {
    bs_team_free(team);
    return bs_fail(error, BIASCOPE_NO_MEMORY, "no thread could be started");
  }
  bs_team_start(team, s->working, work, s);
  status = write_until_done(w, monitor);
  bs_team_finish(team);
  bs_team_free(team);
  return status;
}

biascope_status bs_sweep_run(const bs_plan *plan, const bs_sink *sink, size_t jobs, const biascope_monitor *monitor,
                             biascope_sweep_result *out, biascope_error *error) {
  sweep s = {.plan = plan,
             .jobs = jobs,
             .lock = PTHREAD_MUTEX_INITIALIZER,
             .loaded = PTHREAD_COND_INITIALIZER,
             .changed = PTHREAD_COND_INITIALIZER};
  *out = (biascope_sweep_result){.runs = plan->run_count + sink->expected};
  tally t = {.result = out,
             .work = sink->expected_work,
             .predicted = plan->spec->predict == BS_PREDICT_LIMIT,
             .best = NAN,
             .worst = NAN};
  writer w = {.sweep = &s, .sink = sink, .tally = &t, .error = error};
  s.last = &s.first;
  s.contexts = BS_NEW(context, plan->data_count);
  s.runs = BS_NEW(const bs_plan_run *, plan->run_count);
  bs_dense_set_threads(1); /* the threads here are the only parallelism */
  biascope_status status = s.contexts && s.runs ? BIASCOPE_OK : bs_fail_memory(error, "the sweep");
  for (size_t i = 0; i < plan->run_count && status == BIASCOPE_OK; i++) {
    s.contexts[plan->runs[i].data].runs_left++;
    t.work += bs_plan_work(plan, &plan->runs[i]);
    s.runs[i] = &plan->runs[i];
  }
  if (status == BIASCOPE_OK) /* pointers are what is sorted: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    qsort(s.runs, plan->run_count, sizeof *s.runs, by_what_is_shared);
  if (status == BIASCOPE_OK) status = work_and_write(&s, &w, monitor, error);
  if ((status == BIASCOPE_OK || status == BIASCOPE_CANCELLED) && s.status != BIASCOPE_OK) {
    status = s.status;
    if (error) *error = s.error;
  }
  for (size_t i = 0; s.contexts && i < plan->data_count; i++) unload(&s.contexts[i]);
  free(s.contexts);
  free(s.runs);
  return status;
}
