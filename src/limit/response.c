#include "limit/response.h"

#include "base/dense.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

biascope_status bs_response_create(bs_game *game, bs_response *out, biascope_error *error) {
  *out = (bs_response){.game = game, .member = BS_NEW(size_t, game->samples)};
  return out->member ? BIASCOPE_OK : bs_fail_memory(error, "the relevant samples");
}

static void free_matrices(bs_response *response) {
  free(response->rows);
  free(response->slopes);
  free(response->product);
  free(response->factors);
  free(response->pivots);
  response->rows = response->slopes = response->product = response->factors = NULL;
  response->pivots = NULL;
  response->room = 0;
}

void bs_response_free(bs_response *response) {
  free_matrices(response);
  free(response->member);
  response->member = NULL;
}

static biascope_status make_room(bs_response *response, biascope_error *error) {
  const size_t d = response->game->features, most = response->game->samples;
  if (response->n <= response->room) return BIASCOPE_OK;
  const size_t n = 2 * response->n < most ? 2 * response->n : most, order = n < d ? n : d;
  free_matrices(response);
  response->rows = BS_NEW(double, n *d);
  response->slopes = BS_NEW(double, n *d);
  response->product = BS_NEW(double, order *order);
  response->factors = BS_NEW(double, order *order);
  response->pivots = BS_NEW(int, order);
  if (!response->rows || !response->slopes || !response->product || !response->factors || !response->pivots) {
    free_matrices(response);
    return bs_fail_memory(error, "the linear system of the relevant samples");
  }
  response->room = n;
  return BIASCOPE_OK;
}

biascope_status bs_response_gather(bs_response *response, biascope_error *error) {
  const bs_game *game = response->game;
  const size_t d = game->features;
  response->n = 0;
  for (size_t i = 0; i < game->samples; i++) {
    if (bs_parts_relevant(&game->parts, i)) response->member[response->n++] = i;
  }
  const biascope_status status = make_room(response, error);
  if (status != BIASCOPE_OK) return status;
  const size_t n = response->n;
  for (size_t j = 0; j < n; j++) {
    memcpy(response->rows + j * d, game->rows + response->member[j] * d, d * sizeof(double));
    memcpy(response->slopes + j * d, game->sensitivity + response->member[j] * d, d * sizeof(double));
  }
  response->order = n < d ? n : d;
  if (n <= d) /* memory: column j of X S' is contiguous */
    bs_dense_multiply_abt(n, n, d, 1.0, response->slopes, response->rows, response->product, n);
  else
    bs_dense_multiply_atb(d, d, n, 1.0, response->rows, response->slopes, response->product);
  bs_game_spend(response->game, (double)n * (double)d * (double)response->order);
  return BIASCOPE_OK;
}

bool bs_response_factor(bs_response *response, double shift) {
  const size_t order = response->order;
  if (order > 0) memcpy(response->factors, response->product, order * order * sizeof *response->factors);
  for (size_t j = 0; j < order; j++) response->factors[j * (order + 1)] += shift;
  response->shift = shift;
  bs_game_spend(response->game, pow((double)order, 3.0) / 3.0);
  return order == 0 || bs_dense_lu(order, response->factors, response->pivots, NULL) == BS_DENSE_OK;
}

/* With more samples than features u = (r - X v) / shift where (shift + S' X) v = S' r, and then v is S' u. */
void bs_response_solve(const bs_response *response, double *right, double *direction) {
  const size_t n = response->n, d = response->game->features, order = response->order;
  memset(direction, 0, d * sizeof *direction);
  if (n == 0) return;
  if (n <= d) {
    bs_dense_lu_solve(order, response->factors, response->pivots, false, right);
    bs_dense_combine(n, d, 1.0, response->slopes, d, right, direction);
    return;
  }
  bs_dense_combine(n, d, 1.0, response->slopes, d, right, direction);
  bs_dense_lu_solve(order, response->factors, response->pivots, false, direction);
  bs_dense_apply(n, d, -1.0 / response->shift, response->rows, d, direction, 1.0 / response->shift, right);
}
