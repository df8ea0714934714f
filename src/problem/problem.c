/* Data and what is known of them: each fact is computed by the first thread that asks for it, and kept. */
#include "base/error.h"
#include "base/memory.h"
#include "problem/limits.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Whether a fact is known, and the status of its computation; the lock is held during the computation. */
typedef struct {
  pthread_mutex_t lock;
  bool known;
  biascope_status status;
  biascope_error error;
} fact;

typedef struct minimiser minimiser;
struct minimiser {
  char loss[64];
  fact fact;
  double *weights;
  minimiser *next;
};

struct biascope_problem {
  const biascope_dataset *data, *test; /* test: NULL if there are none */
  biascope_monitor monitor;
  fact margin_facts[BIASCOPE_REFERENCE_NORMS];
  biascope_margin margins[BIASCOPE_REFERENCE_NORMS];
  fact certificate_fact;
  biascope_margin certificate;
  fact parts_fact;
  biascope_parts parts;
  fact proxy_fact;
  biascope_prediction proxy;
  pthread_mutex_t lock; /* guards the list, not its items */
  minimiser *minimisers;
  bs_limits *limits;
};

static const char *const REFERENCE_NAMES[BIASCOPE_REFERENCES] = {"l2", "linf", "l1", "spectral", "nuclear", "proxy"};
static const biascope_norm_kind REFERENCE_NORMS[BIASCOPE_REFERENCE_NORMS] = {BIASCOPE_L2, BIASCOPE_LINF, BIASCOPE_L1,
                                                                             BIASCOPE_SPECTRAL, BIASCOPE_NUCLEAR};
/* Of matrices: the same as l2 for one row. */
static const biascope_reference_set OF_MATRICES = 1u << 3 | 1u << 4;

const char *biascope_reference_name(size_t reference) {
  return reference < BIASCOPE_REFERENCES ? REFERENCE_NAMES[reference] : NULL;
}

biascope_norm_kind biascope_reference_norm(size_t reference) {
  return REFERENCE_NORMS[reference];
}

biascope_reference_set biascope_dataset_references(const biascope_dataset *data) {
  const biascope_reference_set all = BIASCOPE_ALL_NORMS | 1u << BIASCOPE_PROXY;
  return biascope_dataset_outputs(data) > 1 ? all : all & ~OF_MATRICES;
}

static biascope_norm norm_of(size_t reference) {
  return (biascope_norm){.kind = REFERENCE_NORMS[reference]};
}

/* The number of references that are norms if there is none of this norm. */
static size_t reference_of(biascope_norm_kind norm) {
  size_t reference = 0;
  while (reference < BIASCOPE_REFERENCE_NORMS && REFERENCE_NORMS[reference] != norm) reference++;
  return reference;
}

/* ---- The problem ------------------------------------------------------------------------------- */

biascope_status biascope_problem_create(const biascope_dataset *data, biascope_problem **out, biascope_error *error) {
  biascope_problem *problem = *out = BS_NEW(biascope_problem, 1);
  if (!problem) return bs_fail_memory(error, "a problem");
  problem->data = data;
  for (int n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) pthread_mutex_init(&problem->margin_facts[n].lock, NULL);
  pthread_mutex_init(&problem->certificate_fact.lock, NULL);
  pthread_mutex_init(&problem->parts_fact.lock, NULL);
  pthread_mutex_init(&problem->proxy_fact.lock, NULL);
  pthread_mutex_init(&problem->lock, NULL);
  problem->limits = bs_limits_create();
  if (problem->limits) return BIASCOPE_OK;
  biascope_problem_free(problem);
  *out = NULL;
  return bs_fail_memory(error, "a problem");
}

static void free_minimisers(minimiser *item) {
  while (item) {
    minimiser *next = item->next;
    pthread_mutex_destroy(&item->fact.lock);
    free(item->weights);
    free(item);
    item = next;
  }
}

void biascope_problem_free(biascope_problem *problem) {
  if (!problem) return;
  for (int n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) {
    biascope_margin_free(&problem->margins[n]);
    pthread_mutex_destroy(&problem->margin_facts[n].lock);
  }
  biascope_margin_free(&problem->certificate);
  biascope_parts_free(&problem->parts);
  biascope_prediction_free(&problem->proxy);
  free_minimisers(problem->minimisers);
  bs_limits_free(problem->limits);
  pthread_mutex_destroy(&problem->certificate_fact.lock);
  pthread_mutex_destroy(&problem->parts_fact.lock);
  pthread_mutex_destroy(&problem->proxy_fact.lock);
  pthread_mutex_destroy(&problem->lock);
  free(problem);
}

const biascope_dataset *biascope_problem_data(const biascope_problem *problem) {
  return problem->data;
}

biascope_status biascope_problem_set_test(biascope_problem *problem, const biascope_dataset *test,
                                          biascope_error *error) {
  const size_t features = biascope_dataset_features(problem->data), classes = biascope_dataset_classes(problem->data);
  if (biascope_dataset_features(test) != features)
    return bs_fail(error, BIASCOPE_USAGE, "the test data have %zu features; expected %zu, as the data have",
                   biascope_dataset_features(test), features);
  if ((biascope_dataset_classes(test) == 0) != (classes == 0))
    return bs_fail(error, BIASCOPE_USAGE, "the test data have %s; expected %s, as the data have",
                   classes ? "no labels" : "labels", classes ? "labels" : "rows with the label folded in");
  if (biascope_dataset_classes(test) != classes ||
      biascope_dataset_outputs(test) != biascope_dataset_outputs(problem->data))
    return bs_fail(error, BIASCOPE_USAGE, "the test data have %zu classes; expected %zu, as the data have",
                   biascope_dataset_classes(test), classes);
  problem->test = test;
  return BIASCOPE_OK;
}

const biascope_dataset *biascope_problem_test(const biascope_problem *problem) {
  return problem->test;
}

void biascope_problem_watch(biascope_problem *problem, const biascope_monitor *monitor) {
  problem->monitor = monitor ? *monitor : (biascope_monitor){0};
}

/* ---- Facts --------------------------------------------------------------------------------------- */

/* Computes a fact of the problem; `index`, or `argument`, says which one of its kind. */
typedef biascope_status computation(biascope_problem *problem, size_t index, const void *argument,
                                    biascope_error *error);

static bool is_wanted(const biascope_monitor *monitor, const char *what) {
  const biascope_progress progress = {.what = what, .fraction = NAN};
  return !monitor->tell || monitor->tell(monitor->state, &progress);
}

/* A fact is not known after lack of memory or cancellation: it may be asked for again. */
static biascope_status ask(biascope_problem *problem, fact *f, const char *what, computation *compute, size_t index,
                           const void *argument, biascope_error *error) {
  pthread_mutex_lock(&f->lock);
  if (!f->known) {
    if (is_wanted(&problem->monitor, what))
      f->status = compute(problem, index, argument, &f->error);
    else
      f->status = bs_fail(&f->error, BIASCOPE_CANCELLED, "%s: stopped", what);
    f->known = f->status != BIASCOPE_NO_MEMORY && f->status != BIASCOPE_CANCELLED;
  }
  const biascope_status status = f->status;
  if (status != BIASCOPE_OK && error) *error = f->error;
  pthread_mutex_unlock(&f->lock);
  return status;
}

static biascope_status solve(biascope_problem *problem, size_t reference, const void *unused, biascope_error *error) {
  (void)unused;
  return biascope_margin_solve(problem->data, norm_of(reference), NULL, &problem->margins[reference], error);
}

biascope_status biascope_problem_margin(biascope_problem *problem, biascope_norm_kind norm, const biascope_margin **out,
                                        biascope_error *error) {
  static const char *const WHAT[] = {"the l2 margin", "the linf margin", "the l1 margin", "the spectral margin",
                                     "the nuclear margin"};
  const size_t reference = reference_of(norm);
  *out = NULL;
  if (reference == BIASCOPE_REFERENCE_NORMS)
    return bs_fail(error, BIASCOPE_USAGE,
                   "a problem keeps the max margins of l2, linf, l1, spectral and nuclear alone");
  const biascope_status status =
      ask(problem, &problem->margin_facts[reference], WHAT[reference], solve, reference, NULL, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_SEPARABLE || status == BIASCOPE_NOT_CONVERGED)
    *out = &problem->margins[reference];
  return status;
}

static biascope_status decide(biascope_problem *problem, size_t unused, const void *argument, biascope_error *error) {
  (void)unused;
  (void)argument;
  const biascope_solve_options any_margin = {.tolerance = 1.0}; /* a direction separates whatever its gap */
  return biascope_margin_solve(problem->data, norm_of(BIASCOPE_L2), &any_margin, &problem->certificate, error);
}

biascope_status biascope_problem_separable(biascope_problem *problem, const biascope_margin **certificate,
                                           biascope_error *error) {
  *certificate = NULL;
  const biascope_status status =
      ask(problem, &problem->certificate_fact, "whether the data are separable", decide, 0, NULL, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_SEPARABLE || status == BIASCOPE_NOT_CONVERGED)
    *certificate = &problem->certificate;
  return status;
}

static biascope_status find_parts(biascope_problem *problem, size_t unused, const void *argument,
                                  biascope_error *error) {
  (void)unused;
  (void)argument;
  return biascope_parts_find(problem->data, &problem->parts, error);
}

biascope_status biascope_problem_parts(biascope_problem *problem, const biascope_parts **out, biascope_error *error) {
  const biascope_status status =
      ask(problem, &problem->parts_fact, "the parts of the data", find_parts, 0, NULL, error);
  *out = status == BIASCOPE_OK ? &problem->parts : NULL;
  return status;
}

static biascope_status find_proxy(biascope_problem *problem, size_t unused, const void *argument,
                                  biascope_error *error) {
  (void)unused;
  (void)argument;
  return biascope_adamproxy_fixed_point(problem->data, &problem->proxy, NULL, error);
}

biascope_status biascope_problem_proxy(biascope_problem *problem, const biascope_prediction **out,
                                       biascope_error *error) {
  const biascope_status status = ask(problem, &problem->proxy_fact, "AdamProxy's limit", find_proxy, 0, NULL, error);
  *out = status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED ? &problem->proxy : NULL;
  return status;
}

/* ---- Minimisers, one for each loss -------------------------------------------------------------- */

static minimiser *find_minimiser(biascope_problem *problem, const char *loss) {
  pthread_mutex_lock(&problem->lock);
  minimiser *item = problem->minimisers;
  while (item && strcmp(item->loss, loss) != 0) item = item->next;
  if (!item && (item = BS_NEW(minimiser, 1))) {
    strncpy(item->loss, loss, sizeof item->loss - 1);
    pthread_mutex_init(&item->fact.lock, NULL);
    item->next = problem->minimisers;
    problem->minimisers = item;
  }
  pthread_mutex_unlock(&problem->lock);
  return item;
}

static biascope_status minimise(biascope_problem *problem, size_t unused, const void *argument, biascope_error *error) {
  (void)unused;
  minimiser *item = (minimiser *)argument;
  const biascope_parts *parts;
  double residual;
  biascope_status status = biascope_problem_parts(problem, &parts, error);
  if (status != BIASCOPE_OK) return status;
  free(item->weights);
  item->weights = BS_NEW(double, parts->features);
  if (!item->weights) return bs_fail_memory(error, "the minimiser");
  return biascope_parts_minimise(problem->data, parts, item->loss, item->weights, &residual, error);
}

biascope_status biascope_problem_minimiser(biascope_problem *problem, const char *loss, const double **out,
                                           biascope_error *error) {
  *out = NULL;
  minimiser *item = find_minimiser(problem, loss);
  if (!item) return bs_fail_memory(error, "the minimiser");
  const biascope_status status =
      ask(problem, &item->fact, "the minimiser of the inseparable part", minimise, 0, item, error);
  if (status == BIASCOPE_OK) *out = item->weights;
  return status;
}

/* ---- Limits --------------------------------------------------------------------------------------- */

biascope_status biascope_problem_limit(biascope_problem *problem, const biascope_options *options, double effort,
                                       const biascope_prediction **out, biascope_error *error) {
  *out = NULL;
  if (!is_wanted(&problem->monitor, "the predicted limit"))
    return bs_fail(error, BIASCOPE_CANCELLED, "the predicted limit: stopped");
  return bs_limits_find(problem->limits, problem->data, options, effort, out, error);
}
