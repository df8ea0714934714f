/* The response of log-weights to a change of growth: (shift + X S') u = r over the relevant samples, where S are the
 * sensitivities of D to their log-weights. A positive shift makes the system regular if the samples are dependent:
 * duplicates, more samples than features, the common scale of all weights. */
#ifndef BIASCOPE_LIMIT_RESPONSE_H
#define BIASCOPE_LIMIT_RESPONSE_H

#include "limit/game.h"

typedef struct {
  bs_game *game;
  size_t n, order;       /* relevant samples; min(n, d), the unknowns of the system */
  size_t *member;        /* N: the relevant samples, ascending; n of them */
  double *rows, *slopes; /* n x d: the rows of X and of the sensitivities for these samples */
  double *product;       /* order x order, column-major: X S', or S' X if n > d */
  double *factors;
  int *pivots;
  double shift;
  size_t room; /* for so many samples */
} bs_response;

biascope_status bs_response_create(bs_game *game, bs_response *out, biascope_error *error);
void bs_response_free(bs_response *response);

/* Selects the relevant samples, as the game's parts rank them, and takes the game's current sensitivities. */
biascope_status bs_response_gather(bs_response *response, biascope_error *error);
/* False if the system is singular. */
bool bs_response_factor(bs_response *response, double shift);
/* right (n, by member) becomes u; direction (d) becomes S' u. */
void bs_response_solve(const bs_response *response, double *right, double *direction);

#endif
