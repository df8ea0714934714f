/* The attempts to confirm an answer, each with the runs that it makes, and what they share. An attempt leaves the
 * answer confirmed, or as it is. */
#ifndef BIASCOPE_CONFIRM_ATTEMPTS_H
#define BIASCOPE_CONFIRM_ATTEMPTS_H

#include "confirm/confirmation.h"

/* So well settled, as 1 - cos, that a run itself shows what it does. */
#define BS_RUN_SHOWS 1e-4
/* Multiplications, 2 10^9 a second, of the runs of an attempt; and the part of what the averages forget by which
 * gradients may fade in a step. */
#define BS_RUN_EFFORT 2e9
#define BS_RUN_FADING 0.25
/* The least margin that a run of smaller steps aims for. */
#define BS_LEAST_GOAL 5.0
/* The steps of a first run; more if averages remember longer, fewer if steps are costly. */
#define BS_FIRST_STEPS 200000

/* by: the static string that `confirmed_by` becomes. */
biascope_status bs_confirm_answer(bs_confirmation *c, biascope_limit_kind kind, const char *by);
/* Stores in the answer what the run shows about it. */
biascope_status bs_note_run(bs_confirmation *c, biascope_error *error);
/* Makes what the run does the answer, which is then no equilibrium of positive rate; a former equilibrium becomes one
 * of the others. direction: of all weights, or NULL. */
biascope_status bs_answer_by_run(bs_confirmation *c, biascope_limit_kind kind, const double *direction, double rate,
                                 biascope_error *error);
/* Confirms the answer if the run agrees, or makes the answer what the run comes to. */
biascope_status bs_weigh_run(bs_confirmation *c, biascope_error *error);

/* Confirms the answer if the path from the run leads to it. */
biascope_status bs_confirm_by_path(bs_confirmation *c, biascope_error *error);

/* Whether the limit is one of vanishing steps, which a run of any small steps shows. */
bool bs_steps_are_free(const bs_confirmation *c);
/* Whether a run of smaller steps than the one that agrees has settled elsewhere. It takes the place of the other then,
 * and the answer is no longer confirmed. */
biascope_status bs_contradict(bs_confirmation *c, bool *contradicted, biascope_error *error);

/* Whether signs of the full batch decide between several optimal directions, and a run of free steps shows which. */
bool bs_signs_decide_face(const bs_confirmation *c);

/* The optimal direction nearest to the run's increment becomes the answer, where there is one nearby. */
biascope_status bs_take_nearest_optimal(bs_confirmation *c, biascope_error *error);

biascope_status bs_run_along_face(bs_confirmation *c, biascope_error *error);
/* The steps of a last run. */
uint64_t bs_last_steps(const bs_confirmation *c);
biascope_status bs_run_longer_and_longer(bs_confirmation *c, biascope_error *error);
biascope_status bs_take_face(bs_confirmation *c, biascope_error *error);
biascope_status bs_take_point(bs_confirmation *c, biascope_error *error);
biascope_status bs_follow_path(bs_confirmation *c, biascope_error *error);
biascope_status bs_follow_path_of_signs(bs_confirmation *c, biascope_error *error);
biascope_status bs_follow_finer_path(bs_confirmation *c, biascope_error *error);
biascope_status bs_run_slower(bs_confirmation *c, biascope_error *error);
biascope_status bs_follow_path_of_small_steps(bs_confirmation *c, biascope_error *error);
biascope_status bs_follow_average(bs_confirmation *c, biascope_error *error);
biascope_status bs_find_worsening(bs_confirmation *c, biascope_error *error);
biascope_status bs_run_constant_steps(bs_confirmation *c, biascope_error *error);

#endif
