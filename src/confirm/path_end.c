/* Where the path of small steps leads from a run. */
#include "confirm/confirmation.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "limit/predict.h"
#include "margin/rows.h"
#include "rule/optimizer.h"
#include "rule/option.h"
#include <math.h>
#include <stdlib.h>

/* 1 - cos between the gains of the run and of the path of small steps from the same weights; and at most what is added
 * for the chance in both of a random order. */
static const double SAME_PATH = 1e-3, MOST_CHANCE = 2e-3;
/* The same in a random order, for a path to be followed on: one that is apart may still arrive. */
static const double FOLLOWED_ON = 1e-2;
/* Standard errors by which margins fall that are said to; and by which a path may miss the answer, as its sequences are
 * shorter, and 1 - cos that is at most added for them. */
static const double CERTAINLY = 4.0, MISSES = 2.0, MOST_SAMPLED = 5e-3;
/* Errors of a margin in a step along that path. With more samples than features several equilibria may attract, and
 * only the fine path decides between them; so it does for signs, which slide. In random orders sampling errs by more
 * than other rules' steps. */
static const double COARSE = 0.03, FINE = 1e-3, SAMPLED = 3e-3;
/* Multiplications, or so many steps of the path; and if no equilibrium is known to which it may lead. More, once
 * the path has gained what the run gains; of signs in a fixed order then, and until then. */
static const double EFFORT = 4e9, RANDOM_EFFORT = 1.5e10, STEPS = 40.0, BLIND_EFFORT = 2e9,
                    BLIND_RANDOM_EFFORT = 1.5e10;
static const double FURTHER_EFFORT = 3e10, SIGNS_EFFORT = 1.5e10, BLIND_SIGNS_EFFORT = 1e9;
static const double NEAR = 1e-4; /* 1 - cos with the answer, within which a path is not followed for FURTHER_EFFORT */

void bs_path_end_free(bs_path_end *path) {
  free(path->direction);
  free(path->log_weights);
  free(path->updates);
  *path = (bs_path_end){0};
}

bool bs_path_arrives(const bs_confirmation *c, const biascope_prediction *prediction) {
  return bs_run_has_name(&c->run, c->path.from) &&
         1.0 - bs_cosine(bs_confirmation_weights(prediction), c->path.direction, prediction->direction) <=
             bs_run_allowance(prediction) + fmin(MOST_SAMPLED, 0.5 * pow(MISSES * c->path.error, 2.0));
}

static bool path_leads(const bs_confirmation *c, const biascope_prediction *prediction) {
  return prediction && c->path.agrees && bs_path_arrives(c, prediction);
}

bool bs_path_worsens(const bs_confirmation *c, double *growth) {
  const bs_path_end *path = &c->path;
  double least = INFINITY;
  if (!bs_run_has_name(&c->run, path->from) || !path->agrees || !path->settled) return false;
  for (size_t i = 0; i < bs_margin_rows(c->data); i++)
    least = fmin(least, bs_margin_row_dot(c->data, i, path->direction));
  *growth = least * path->speed;
  return least < 0.0 && path->falls >= CERTAINLY;
}

static biascope_status allocate(const bs_confirmation *c, bs_path_end *path, biascope_error *error) {
  const size_t d = bs_margin_weights(c->data), steps = bs_batches_per_epoch(c->training, c->data->samples);
  const bool signs = bs_updates_may_be_watched(c);
  path->direction = BS_NEW(double, d);
  path->log_weights = BS_NEW(double, bs_margin_rows(c->data));
  if (signs) path->updates = BS_NEW(double, steps *d);
  const bool allocated = path->direction && path->log_weights && (path->updates || !signs);
  return allocated ? BIASCOPE_OK : bs_fail_memory(error, "the path of training");
}

/* Follows the path with that error; direction: where it may lead, or NULL. */
static biascope_status follow(bs_confirmation *c, const double *direction, double margin_error, biascope_error *error) {
  const double n = (double)bs_margin_rows(c->data), d = (double)bs_margin_weights(c->data);
  const bool random = bs_seed_matters(c->training);
  const double least = random ? RANDOM_EFFORT : EFFORT;
  const double most = fmax(least, STEPS * n * d * fmin(n, d));
  const bool slides = bs_updates_slide(c);
  const double blind = random ? BLIND_RANDOM_EFFORT : slides ? BLIND_SIGNS_EFFORT : BLIND_EFFORT;
  const double further = slides ? fmax(SIGNS_EFFORT, most) : direction ? fmax(FURTHER_EFFORT, most) : 0.0;
  const biascope_predict_options options = {.effort = direction ? most : blind};
  double *increment = BS_NEW(double, bs_margin_weights(c->data));
  bs_path_end_free(&c->path);
  biascope_status status = allocate(c, &c->path, error);
  bs_way way = {.start = c->run.weights[BS_RUN_HALF],
                .time = c->run.time,
                .error = margin_error,
                .direction = direction,
                .gain = c->run.increment,
                .same = random ? FOLLOWED_ON : SAME_PATH,
                .further = further,
                .near = slides ? 0.0 : NEAR,
                .increment = increment,
                .end = c->path.direction,
                .log_weights = c->path.log_weights,
                .updates = c->path.updates};
  if (status == BIASCOPE_OK && !increment) status = bs_fail_memory(error, "the path of training");
  if (status == BIASCOPE_OK) status = bs_follow_way(c->data, c->training, &options, &way, error);
  c->path.from = bs_run_name_of(&c->run);
  c->path.agrees = status == BIASCOPE_OK && bs_cosine(bs_margin_weights(c->data), increment, c->run.increment) >=
                                                1.0 - SAME_PATH - fmin(MOST_CHANCE, c->run.chance + way.chance);
  c->path.settled = way.settled;
  c->path.speed = way.speed;
  c->path.error = way.end_error;
  c->path.falls = way.falls;
  free(increment);
  return status == BIASCOPE_NO_MEMORY ? status : BIASCOPE_OK;
}

biascope_status bs_path_leads_to(bs_confirmation *c, const biascope_prediction *prediction, bool *leads,
                                 biascope_error *error) {
  const double *direction = prediction ? prediction->direction : NULL;
  *leads = false;
  if (bs_limit_is_theorem(c->training) || bs_run_keeps_steps(c->training) || c->repels ||
      (prediction ? !bs_is_precise(prediction) : bs_weights_shrink(c->training)))
    return BIASCOPE_OK;
  biascope_status status = BIASCOPE_OK;
  if (!bs_run_has_name(&c->run, c->path.from)) {
    const bool signs = bs_updates_are_signs(c);
    if (!signs && !bs_seed_matters(c->training) && bs_margin_rows(c->data) <= bs_margin_weights(c->data))
      status = follow(c, direction, COARSE, error);
    if (status == BIASCOPE_OK && !path_leads(c, prediction))
      status = follow(c, direction, !signs && bs_seed_matters(c->training) ? SAMPLED : FINE, error);
  }
  *leads = status == BIASCOPE_OK && path_leads(c, prediction);
  return status;
}
