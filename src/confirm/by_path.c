/* The path from a run that has not settled: of vanishing steps, or of the averaged equation of the run. */
#include "confirm/attempts.h"

#include "base/vector.h"
#include "confirm/average.h"
#include "rule/optimizer.h"
#include "train/cost.h"
#include <math.h>

/* 1 - cos between a run in a random order and the answer, beyond which the run decides if it has settled. */
static const double BESIDE = 1e-3;
/* By how much smaller steps are of a run that is compared with the path again; with signs, the largest margin that it
 * aims for, and how many times as many they may be. */
static const double FINER = 10.0, SIGNS_GOAL = 15.0, MORE = 4.0;

/* Whether a run in a random order shows by itself that it goes elsewhere: what chance moves, no path of the mean
 * describes. */
static bool has_settled_elsewhere(const bs_confirmation *c) {
  const bool decided = c->run.settle <= BS_RUN_SHOWS || !bs_run_nears(c, c->answer);
  return bs_seed_matters(c->training) && decided && bs_run_distance(c, c->answer) > BESIDE;
}

/* Whether a path from the run may decide. Of several optimal directions over several classes it may not: a smoothed
 * path has a common part of its own. */
static bool path_may_decide(const bs_confirmation *c) {
  const bool stays = c->equilibrium && bs_run_distance(c, c->answer) > bs_run_allowance(c->answer) &&
                     (has_settled_elsewhere(c) || bs_run_stays(c, c->answer));
  return !stays && (c->answer->unique || c->answer->outputs == 1);
}

/* Whether the path from the run leads to the goal, NULL: none is known; or to an equilibrium that is found from its
 * end. */
static biascope_status path_leads(bs_confirmation *c, const biascope_prediction *goal, bool *leads,
                                  biascope_error *error) {
  const biascope_status status = bs_path_leads_to(c, goal, leads, error);
  return status == BIASCOPE_OK && !*leads ? bs_search_from_path(c, leads, error) : status;
}

/* If the path ends where margins fall, no weights separate in the limit. */
static biascope_status take_worsening_path(bs_confirmation *c, biascope_error *error) {
  double growth;
  if (!bs_path_worsens(c, &growth)) return BIASCOPE_OK;
  const biascope_status status = bs_answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, c->path.direction, growth, error);
  c->answer->method = "the path of small steps from a run";
  c->answer->confirmed_by = "path";
  return status;
}

/* If no equilibrium is known: where the path leads, to one or to where margins fall. */
static biascope_status follow_blindly(bs_confirmation *c, bool *leads, biascope_error *error) {
  const biascope_status status = bs_path_leads_to(c, NULL, leads, error);
  if (status != BIASCOPE_OK) return status;
  const biascope_status taken = take_worsening_path(c, error);
  return taken == BIASCOPE_OK && !c->answer->confirmed ? bs_search_from_path(c, leads, error) : taken;
}

/* If the last run has not settled: whether it is on a path to the answer, or to another equilibrium. */
static biascope_status compare_path(bs_confirmation *c, biascope_error *error) {
  bool leads = false;
  biascope_status status = BIASCOPE_OK;
  if (!path_may_decide(c)) return bs_note_run(c, error);
  const bool known = c->equilibrium, random = bs_seed_matters(c->training);
  if (known) status = path_leads(c, c->answer, &leads, error);
  if (status == BIASCOPE_OK && known && !leads && random && bs_path_arrives(c, c->answer))
    return bs_note_run(c, error); /* chance sets the run's gain apart, and less so that of a longer run */
  if (status == BIASCOPE_OK && !known && random) status = follow_blindly(c, &leads, error); /* cheaper than a search */
  if (status == BIASCOPE_OK && !leads && !c->answer->confirmed) status = bs_search_from_run(c, true, &leads, error);
  if (status == BIASCOPE_OK && !leads && !known && !random) status = follow_blindly(c, &leads, error);
  if (status != BIASCOPE_OK || c->answer->confirmed) return status;
  status = bs_note_run(c, error);
  return status == BIASCOPE_OK && leads ? bs_confirm_answer(c, bs_limit_kind_of(c, c->answer), "path") : status;
}

biascope_status bs_follow_path(bs_confirmation *c, biascope_error *error) {
  bool contradicted = false;
  if (c->followed) return BIASCOPE_OK; /* which says more than a path from larger steps */
  biascope_status status = compare_path(c, error);
  if (status == BIASCOPE_OK && c->answer->confirmed && c->adopted) status = bs_contradict(c, &contradicted, error);
  if (!contradicted) return status;
  status = bs_weigh_run(c, error);
  return status == BIASCOPE_OK && !c->answer->confirmed ? compare_path(c, error) : status;
}

/* Whether a path from a run of smaller steps leads to the answer; of signs, also where another equilibrium is found
 * from its end. */
static biascope_status compare_finer_path(bs_confirmation *c, biascope_error *error) {
  bool leads = false;
  biascope_status status = bs_weigh_run(c, error);
  if (status != BIASCOPE_OK || c->answer->confirmed) return status;
  if (!c->equilibrium)
    status = follow_blindly(c, &leads, error);
  else
    status =
        bs_updates_slide(c) ? path_leads(c, c->answer, &leads, error) : bs_path_leads_to(c, c->answer, &leads, error);
  if (status != BIASCOPE_OK || c->answer->confirmed) return status;
  c->followed = bs_updates_slide(c) && c->path.agrees && bs_run_has_name(&c->run, c->path.from);
  if (leads) status = bs_note_run(c, error);
  return status == BIASCOPE_OK && leads ? bs_confirm_answer(c, bs_limit_kind_of(c, c->answer), "path") : status;
}

/* Keeps the new run if it has confirmed an answer; else the one before, which came further. */
static biascope_status keep_run(bs_confirmation *c, bs_run *before, biascope_status status, biascope_error *error) {
  if (status != BIASCOPE_OK || c->answer->confirmed) {
    bs_run_free(before);
    return status;
  }
  bs_run_free(&c->run);
  c->run = *before;
  return bs_note_run(c, error);
}

static biascope_status follow_finer(bs_confirmation *c, uint64_t steps, double goal, biascope_error *error) {
  bs_run before = c->run;
  if (bs_seed_matters(c->training) || !bs_steps_are_free(c) || !(goal >= BS_LEAST_GOAL) || !path_may_decide(c))
    return BIASCOPE_OK;
  c->run = (bs_run){0};
  biascope_status status = bs_run_make(c->data, c->training, steps, goal, BS_RUN_FADING, &c->run, error);
  if (status == BIASCOPE_OK) status = compare_finer_path(c, error);
  return keep_run(c, &before, status, error);
}

biascope_status bs_confirm_by_path(bs_confirmation *c, biascope_error *error) {
  bool leads = false;
  const biascope_status status = bs_path_leads_to(c, c->answer, &leads, error);
  return status == BIASCOPE_OK && leads ? bs_confirm_answer(c, bs_limit_kind_of(c, c->answer), "path") : status;
}

/* In a random order chance sets the run's gain apart, too, and less so that of more steps. */
biascope_status bs_follow_path_of_small_steps(bs_confirmation *c, biascope_error *error) {
  if (!bs_updates_are_signs(c) || !bs_seed_matters(c->training) || !c->equilibrium || !bs_steps_are_free(c))
    return BIASCOPE_OK;
  bs_run before = c->run;
  c->run = (bs_run){0};
  biascope_status status =
      bs_run_make_with(c->data, c->training, bs_last_steps(c), before.lr / FINER, before.lr_decay, &c->run, error);
  if (status == BIASCOPE_OK) status = bs_confirm_by_path(c, error);
  if (status == BIASCOPE_OK && c->answer->confirmed) status = bs_note_run(c, error);
  return keep_run(c, &before, status, error);
}

/* Steps leave the path in proportion to their size: where the run's gain is not that of the path, a run of smaller
 * steps may agree, or be nearer to the path, although it does not come as far. */
biascope_status bs_follow_finer_path(bs_confirmation *c, biascope_error *error) {
  if (bs_updates_slide(c) || !c->equilibrium) return BIASCOPE_OK;
  return follow_finer(c, c->run.steps, c->run.margin / FINER, error);
}

/* Signs leave it further than other updates, for steps blur what slides: the run of smaller steps comes first, and of
 * more where they are cheap. */
biascope_status bs_follow_path_of_signs(bs_confirmation *c, biascope_error *error) {
  if (!bs_updates_slide(c)) return BIASCOPE_OK;
  const double taken = (double)c->run.steps, affordable = BS_RUN_EFFORT / bs_step_cost(c->data, c->training);
  const uint64_t steps = (uint64_t)fmax(taken, fmin(MORE * taken, affordable));
  return follow_finer(c, steps, fmin(SIGNS_GOAL, c->run.margin / FINER), error);
}

/* If no run has settled and no path has led anywhere: where the averaged equation of the run comes to. */
biascope_status bs_follow_average(bs_confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  bs_average average;
  biascope_status status = bs_average_follow(c->data, c->training, &average, error);
  if (status != BIASCOPE_OK || !average.settles) {
    bs_average_free(&average);
    return status;
  }
  if (average.growth < 0.0) {
    status = bs_answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, average.increment, average.growth, error);
    answer->method = "the averaged equation of the run, to step 10^15";
    answer->confirmed_by = "path";
  } else if (c->equilibrium && 1.0 - bs_cosine(bs_confirmation_weights(answer), average.increment, answer->direction) <=
                                   bs_run_allowance(answer)) {
    status = bs_confirm_answer(c, bs_limit_kind_of(c, answer), "path");
  }
  bs_average_free(&average);
  return status;
}
