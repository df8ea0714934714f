/* Runs of more and smaller steps, until one decides. */
#include "confirm/attempts.h"

#include "base/vector.h"
#include "data/dataset.h"
#include "rule/optimizer.h"
#include "train/cost.h"
#include <math.h>

/* The first run: its steps in units of 1 / (1 - beta), and the least margin it aims for. Each later run is four times
 * as long, with twice the margin. */
enum { MEMORIES = 500, LEAST_STEPS = 20000, LONGER = 4 };
/* Of constant steps: by how much the second run's are smaller, and how many times as many they are. */
enum { FINER = 2 };
static const double FIRST_GOAL = 150.0, FURTHER = 2.0;
/* With variance reduction the goal stays, so that steps shrink with their number: coordinates whose gradient is smaller
 * than the correction's error, in proportion to the step, move freely, and are few only where steps are very small. */
static const double REDUCED_GOAL = 60.0;
/* Multiplications of all runs together if the first one exceeds what they may take, and with variance reduction. */
static const double MOST_EFFORT = 6e9, REDUCED_EFFORT = 1e10;
/* Where runs settle elsewhere than the equilibrium, a last one takes smaller and many more steps. */
static const double LEAST_FADING = 0.05, LAST_EFFORT = 6e9;
static const double LAST_GOAL = 100.0;
static const double CAME_NEARER = 0.8; /* 1 - cos with the answer, beside that of the run before */
/* The margin of a run of smaller steps that must not contradict the one that agrees, beside that one's; and how much
 * further it has to be from the answer than a run that agrees. */
static const double SMALLER = 0.5, FAR = 1.5;
/* In a random order large steps leave by chance what small ones keep to: much smaller ones. */
static const double SMALLER_SAMPLED = 0.125;
/* Steps of matrices divide by singular values, and those that tend to zero leave larger gaps, as smoothing does of
 * signs: the gap of a point with which a run agrees, and that of one to which a run has come, 1 - cos, for it to be the
 * answer. */
static const double NEAR_GAP = 1e-6, POINT_GAP = 1e-3, AT_POINT = 1e-6;

/* Whether the limit is one of vanishing steps, which a run of any small steps shows. */
bool bs_steps_are_free(const bs_confirmation *c) {
  return !bs_run_keeps_steps(c->training) && !bs_weights_shrink(c->training) && !c->training->variance_reduction;
}

static double first_steps(const biascope_options *training) {
  const double beta = fmax(bs_effective_beta1(training), bs_effective_beta2(training));
  return fmax(BS_FIRST_STEPS, MEMORIES / (1.0 - beta));
}

/* Whether a run of smaller steps goes elsewhere than the answer: far from it, it comes no nearer, or it does not follow
 * the path there. */
static biascope_status goes_elsewhere(bs_confirmation *c, bool *elsewhere, biascope_error *error) {
  const biascope_prediction *answer = c->answer;
  const bool apart = !c->run.escaped && c->run.settle <= BIASCOPE_RUN_SETTLED &&
                     bs_run_distance(c, answer) > FAR * bs_run_allowance(answer);
  bool leads = false;
  *elsewhere = apart && (!bs_run_nears(c, answer) || bs_run_stays(c, answer));
  if (!apart || *elsewhere || bs_seed_matters(c->training)) return BIASCOPE_OK;
  const biascope_status status = bs_path_leads_to(c, answer, &leads, error);
  *elsewhere = status == BIASCOPE_OK && !leads;
  return status;
}

static void withdraw(biascope_prediction *answer) {
  answer->confirmed = false;
  answer->confirmed_by = NULL;
}

/* Of several equilibria that attract, large steps may choose another than small ones do. Whether a run of smaller steps
 * than the one that agrees has settled elsewhere; it takes the place of the other then. It takes more
 * steps where that is cheap, or has to decide between the answer and an equilibrium that was found without a run. */
biascope_status bs_contradict(bs_confirmation *c, bool *contradicted, biascope_error *error) {
  const biascope_prediction *answer = c->answer;
  const double cost = bs_step_cost(c->data, c->training), wanted = (double)(LONGER * c->run.steps);
  const uint64_t steps = (uint64_t)fmin(wanted, (c->adopted ? LAST_EFFORT : BS_RUN_EFFORT) / cost);
  bs_run before = c->run;
  *contradicted = false;
  if (answer->kind != BIASCOPE_LIMIT_DIRECTION || !bs_steps_are_free(c) || (!c->adopted && (double)steps < wanted))
    return BIASCOPE_OK;
  const double smaller = bs_seed_matters(c->training) ? SMALLER_SAMPLED : SMALLER;
  const double goal = smaller * before.margin * pow((double)steps / wanted, 1.0 - before.lr_decay);
  if (goal < BS_LEAST_GOAL) return BIASCOPE_OK;
  c->run = (bs_run){0};
  biascope_status status = bs_run_make(c->data, c->training, steps, goal, BS_RUN_FADING, &c->run, error);
  if (status == BIASCOPE_OK) status = goes_elsewhere(c, contradicted, error);
  if (*contradicted) withdraw(c->answer);
  if (*contradicted || status != BIASCOPE_OK) {
    bs_run_free(&before);
    return status;
  }
  bs_run_free(&c->run);
  c->run = before;
  return BIASCOPE_OK;
}

biascope_status bs_run_longer_and_longer(bs_confirmation *c, biascope_error *error) {
  const double cost = bs_step_cost(c->data, c->training);
  const bool reduced = c->training->variance_reduction;
  double left = reduced ? REDUCED_EFFORT : fmin(MOST_EFFORT, fmax(BS_RUN_EFFORT, LEAST_STEPS * cost));
  double goal = reduced ? REDUCED_GOAL : FIRST_GOAL;
  uint64_t steps = (uint64_t)fmin(first_steps(c->training), left / cost);
  biascope_status status = BIASCOPE_OK;
  do { /* the last one is kept for what follows */
    bs_run_free(&c->run);
    status = bs_run_make(c->data, c->training, steps, goal, BS_RUN_FADING, &c->run, error);
    if (status == BIASCOPE_OK) status = bs_weigh_run(c, error);
    left -= (double)steps * cost;
    bool contradicted = false;
    if (status == BIASCOPE_OK && c->answer->confirmed) status = bs_contradict(c, &contradicted, error);
    if (contradicted) {
      goal *= SMALLER;
      steps *= LONGER;
      status = bs_weigh_run(c, error);
    }
    steps *= LONGER;
    if (!reduced) goal *= FURTHER;
  } while (status == BIASCOPE_OK && !c->answer->confirmed && (double)steps * cost <= left);
  return status;
}

uint64_t bs_last_steps(const bs_confirmation *c) {
  return (uint64_t)(LAST_EFFORT / bs_step_cost(c->data, c->training));
}

/* In the place of the former run. */
static biascope_status make_last_run(bs_confirmation *c, biascope_error *error) {
  bs_run_free(&c->run);
  return bs_run_make(c->data, c->training, bs_last_steps(c), LAST_GOAL, LEAST_FADING, &c->run, error);
}

/* In a random order chance and large steps may hold a run aside for long: where a longer one of smaller steps has come
 * nearer to the answer, the path from it decides. */
static biascope_status follow_if_nearer(bs_confirmation *c, double before, biascope_error *error) {
  if (c->answer->confirmed || !bs_seed_matters(c->training) || !c->equilibrium ||
      !(bs_run_distance(c, c->answer) <= CAME_NEARER * before))
    return BIASCOPE_OK;
  return bs_confirm_by_path(c, error);
}

/* Averages that lag behind fading gradients turn a run aside, and so do large steps; and what no path confirms may need
 * more steps to settle: a longer run of smaller steps. */
biascope_status bs_run_slower(bs_confirmation *c, biascope_error *error) {
  const double longer = (double)bs_last_steps(c) / (double)c->run.steps;
  const bool slower = LAST_GOAL / c->run.margin <= SMALLER * pow(longer, 1.0 - c->run.lr_decay);
  const bool settled = c->run.settle <= BIASCOPE_RUN_SETTLED;
  if (!bs_steps_are_free(c) || longer <= 1.0 || (settled && c->run.fading <= LEAST_FADING && !slower))
    return BIASCOPE_OK;
  const double before = bs_run_distance(c, c->answer);
  biascope_status status = make_last_run(c, error);
  if (status == BIASCOPE_OK) status = bs_weigh_run(c, error);
  return status == BIASCOPE_OK ? follow_if_nearer(c, before, error) : status;
}

/* If the limit is one of several optimal directions of the full batch, and the last run has settled near one. Which one
 * depends on how far averages lag. */
biascope_status bs_take_face(bs_confirmation *c, biascope_error *error) {
  const bool full = bs_is_full_batch(c->training, c->data->samples) || c->training->variance_reduction;
  if (c->answer->unique || !full || bs_signs_decide_face(c) || !(c->run.settle <= BIASCOPE_RUN_SETTLED) ||
      bs_weights_shrink(c->training))
    return BIASCOPE_OK;
  biascope_status status = BIASCOPE_OK;
  if (c->run.fading > LEAST_FADING && bs_steps_are_free(c) && bs_last_steps(c) > c->run.steps)
    status = make_last_run(c, error);
  if (status != BIASCOPE_OK) return status;
  return c->run.settle <= BIASCOPE_RUN_SETTLED ? bs_take_nearest_optimal(c, error) : bs_note_run(c, error);
}

/* If the last run has settled at the best point of a search whose gap singular values keep from vanishing, or smoothing
 * of signs. */
biascope_status bs_take_point(bs_confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const bs_direction direction = bs_optimizer_rule_of(c->training->optimizer)->direction;
  const bool matrices = answer->outputs > 1 && bs_direction_couples(direction) && direction != BS_NORMALISED;
  const bool near = (matrices || direction == BS_SIGN) && answer->gap <= NEAR_GAP;
  const bool at = matrices && answer->gap <= POINT_GAP && bs_run_distance(c, answer) <= AT_POINT;
  if (c->equilibrium || !(near || at) || !bs_run_agrees(c, answer)) return BIASCOPE_OK;
  answer->method = "the point of least gap that was found, to which a run comes";
  const biascope_status status = bs_note_run(c, error);
  return status == BIASCOPE_OK ? bs_confirm_answer(c, bs_limit_kind_of(c, answer), "run") : status;
}

/* Where nothing has settled, the loss may rise all the same while weights grow: wrong samples weigh fully, and do not
 * turn the direction. */
biascope_status bs_find_worsening(bs_confirmation *c, biascope_error *error) {
  if (c->equilibrium || !bs_steps_are_free(c) || !c->run.worsens) return BIASCOPE_OK;
  return bs_answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, c->run.increment, c->run.growth, error);
}

/* Whether runs of constant steps, of which the second one's are finer, show that the loss rises, also as far as their
 * growth tells what it would be of vanishing steps. */
static biascope_status loss_rises(const bs_confirmation *c, uint64_t steps, bs_run *run, bool *rises,
                                  biascope_error *error) {
  const double lr = bs_run_largest_lr(c->data, c->training);
  bs_run first = {0};
  *rises = false;
  biascope_status status = bs_run_make_with(c->data, c->training, steps, lr, 0.0, &first, error);
  if (status == BIASCOPE_OK && first.worsens) {
    status = bs_run_make_with(c->data, c->training, FINER * steps, lr / FINER, 0.0, run, error);
    *rises = status == BIASCOPE_OK && run->worsens && FINER * run->growth < first.growth;
  }
  bs_run_free(&first);
  return status;
}

/* In a random order chance hides from the path of vanishing steps what decides here, and it is long: constant steps
 * come there sooner. */
biascope_status bs_run_constant_steps(bs_confirmation *c, biascope_error *error) {
  const uint64_t steps = (uint64_t)(BS_RUN_EFFORT / bs_step_cost(c->data, c->training));
  if (c->equilibrium || !bs_seed_matters(c->training) || !bs_steps_are_free(c) || !(c->run.margin < 0.0) ||
      steps < LEAST_STEPS)
    return BIASCOPE_OK;
  bool rises;
  bs_run run = {0};
  biascope_status status = loss_rises(c, steps, &run, &rises, error);
  if (status != BIASCOPE_OK || !rises) {
    bs_run_free(&run);
    return status;
  }
  bs_run_free(&c->run);
  c->run = run;
  status = bs_note_run(c, error);
  return status == BIASCOPE_OK ? bs_find_worsening(c, error) : status;
}
