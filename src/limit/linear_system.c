#include "limit/linear_system.h"

#include "base/dense.h"
#include "base/memory.h"
#include <stdlib.h>

static const double RANK_TOLERANCE = 1e-12;

bool bs_linear_system_make(bs_linear_system *system, size_t rows, size_t columns) {
  const size_t side = rows > columns ? rows : columns;
  size_t entries;
  bs_linear_system_free(system);
  if (!__builtin_mul_overflow(rows, columns, &entries)) system->matrix = BS_NEW(double, entries);
  system->right = BS_NEW(double, side);
  system->singular = BS_NEW(double, side);
  system->rows = rows;
  system->columns = columns;
  system->out_of_memory = !system->matrix || !system->right || !system->singular;
  return !system->out_of_memory;
}

void bs_linear_system_free(bs_linear_system *system) {
  free(system->matrix);
  free(system->right);
  free(system->singular);
  system->matrix = system->right = system->singular = NULL;
}

bool bs_linear_system_solve(bs_linear_system *system, bs_game *game) {
  const size_t rows = system->rows, columns = system->columns;
  const double tall = (double)(rows > columns ? rows : columns), thin = (double)(rows > columns ? columns : rows);
  bs_game_spend(game, 4.0 * tall * thin * thin);
  const bs_dense_status solved =
      bs_dense_shortest_least_squares(rows, columns, system->matrix, system->right, system->singular, RANK_TOLERANCE);
  system->out_of_memory = solved == BS_DENSE_NO_MEMORY;
  return solved == BS_DENSE_OK;
}
