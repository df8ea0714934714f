/* Random orders: the mean update itself, over long random sequences or as an expectation. */
#ifndef BIASCOPE_LIMIT_EXACT_MAP_H
#define BIASCOPE_LIMIT_EXACT_MAP_H

#include "base/team.h"
#include "limit/expected.h"
#include "limit/game.h"
#include "limit/predict.h"
#include "limit/sampled_signs.h"
#include "limit/sampling.h"

/* What evaluates the sequences that one thread has. */
typedef struct {
  bs_epoch_map *map;
  bs_sampled_signs *signs; /* of these sequences; or NULL, and then the map's D */
  double spent;            /* multiplications of the last evaluation */
} bs_sequence_worker;

typedef struct {
  bs_epoch_rule rule;
  bs_expectation *expectation; /* or NULL, and then the mean over the replicates */
  bs_schedule schedules[BS_REPLICATES];
  size_t count; /* of the schedules */
  bs_team *team;
  bs_sequence_worker workers[BS_REPLICATES];
  size_t worker_count;
  bs_replicates parts; /* of the last evaluation: the independent parts, whose mean it is */
  double *directions;  /* of them */
} bs_exact_map;

/* Of so many replicates, BS_REPLICATES at most, each as long as if they were that many and of `total` steps in all; or
 * where it can be had the expectation, unless the caller chooses the length. Borrows the game's rows, which may
 * be NULL where there is no expectation. The threads of the question's training share the work. On failure nothing is
 * left to free. */
biascope_status bs_exact_map_create(const bs_question *question, const bs_epoch_rule *rule, const bs_game *game,
                                    size_t total, size_t replicates, bs_exact_map *out, biascope_error *error);
void bs_exact_map_free(bs_exact_map *exact);

/* direction (d): the mean update at the log-weights (N); its cost counts as the game's effort. The same bits with any
 * number of threads. Fills the parts; an expectation has none. */
void bs_exact_map_evaluate(bs_exact_map *exact, bs_game *game, const double *log_weights, double *direction);
/* From the scatter of the parts about `mean` (d), their mean: 1 - cos by which chance sets that aside; 0 where it is
 * not known. */
double bs_exact_map_chance(const bs_exact_map *exact, const double *mean, size_t d);

#endif
