/* The linear system of Newton's method on a support: how log-weights must move for the growth F to become equal on it.
 */
#ifndef BIASCOPE_LIMIT_SUPPORT_SYSTEM_H
#define BIASCOPE_LIMIT_SUPPORT_SYSTEM_H

#include "limit/game.h"

typedef struct {
  bs_game *game;
  size_t n, levels, room;
  size_t *member;        /* N: the support's samples, ascending; n of them */
  size_t *level;         /* N: of each member */
  double *rows, *slopes; /* n x d: their samples and sensitivities */
  double *matrix;        /* (n + levels)^2 column-major, factored */
  double *step;          /* n + levels */
  int *pivots;
  bool singular; /* the factors are useless: least squares instead */
} bs_support_system;

biascope_status bs_support_system_create(bs_game *game, bs_support_system *out, biascope_error *error);
void bs_support_system_free(bs_support_system *system);

/* Lists the support {log_weights > -INFINITY}. */
void bs_support_system_list(bs_support_system *system, const double *log_weights);
/* Builds and factors the system from the game's current sensitivities. */
biascope_status bs_support_system_factor(bs_support_system *system, const double *log_weights, biascope_error *error);
/* step[0..n-1]: the log-weight change with  J step = excess + const,  c.step = 0 (on each level), where excess[j]
 * belongs to member[j]. Where the samples are dependent (duplicates, more than d + 1 on the support) step is what
 * moving the weights w can do: log-weights change by X u, with the least u. */
biascope_status bs_support_system_solve(bs_support_system *system, const double *excess, biascope_error *error);

#endif
