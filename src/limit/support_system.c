#include "limit/support_system.h"

#include "base/lapack.h"
#include "base/memory.h"
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEAST_CONDITION = 1e-13; /* reciprocal; below it the factors say nothing */
static const double RANK_TOLERANCE = 1e-10;

biascope_status bs_support_system_create(bs_game *game, bs_support_system *out, biascope_error *error) {
  *out = (bs_support_system){.game = game};
  out->member = BS_NEW(size_t, game->samples);
  out->level = BS_NEW(size_t, game->samples);
  return out->member && out->level ? BIASCOPE_OK : bs_fail_memory(error, "the support");
}

static void free_matrices(bs_support_system *system) {
  free(system->rows);
  free(system->slopes);
  free(system->matrix);
  free(system->step);
  free(system->pivots);
  system->rows = system->slopes = system->matrix = system->step = NULL;
  system->pivots = NULL;
  system->room = 0;
}

void bs_support_system_free(bs_support_system *system) {
  free_matrices(system);
  free(system->member);
  free(system->level);
  system->member = system->level = NULL;
}

void bs_support_system_list(bs_support_system *system, const double *log_weights) {
  system->n = system->levels = 0;
  for (size_t i = 0; i < system->game->samples; i++) {
    if (log_weights[i] == -INFINITY) continue;
    const size_t level = bs_level_of(log_weights[i]);
    if (level + 1 > system->levels) system->levels = level + 1;
    system->level[system->n] = level;
    system->member[system->n++] = i;
  }
}

static biascope_status make_room(bs_support_system *system, biascope_error *error) {
  const size_t n = system->n, d = system->game->features, order = n + system->levels;
  if (order <= system->room) return BIASCOPE_OK;
  free_matrices(system);
  system->rows = BS_NEW(double, n *d);
  system->slopes = BS_NEW(double, n *d);
  system->matrix = BS_NEW(double, order *order);
  system->step = BS_NEW(double, order);
  system->pivots = BS_NEW(int, order);
  if (!system->rows || !system->slopes || !system->matrix || !system->step || !system->pivots) {
    free_matrices(system);
    return bs_fail_memory(error, "the Newton system of the support");
  }
  system->room = order;
  return BIASCOPE_OK;
}

/* matrix = J on the support, leading dimension `stride`: column j is X times the sensitivity of member j. */
static void fill_jacobian(bs_support_system *system, size_t stride) {
  const size_t n = system->n, d = system->game->features;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)d, 1.0, system->slopes, (int)d,
              system->rows, (int)d, 0.0, system->matrix, (int)stride);
}

biascope_status bs_support_system_factor(bs_support_system *system, const double *log_weights, biascope_error *error) {
  bs_game *game = system->game;
  const biascope_status status = make_room(system, error);
  if (status != BIASCOPE_OK) return status;
  const size_t n = system->n, d = game->features, levels = system->levels, order = n + levels;
  for (size_t j = 0; j < n; j++) {
    memcpy(system->rows + j * d, game->rows + system->member[j] * d, d * sizeof(double));
    memcpy(system->slopes + j * d, game->sensitivity + system->member[j] * d, d * sizeof(double));
  }
  system->singular = n > d + levels;
  if (system->singular) return BIASCOPE_OK;
  memset(system->matrix, 0, order * order * sizeof *system->matrix);
  fill_jacobian(system, order);
  bs_game_spend(system->game, (double)n * (double)n * (double)d + pow((double)order, 3.0) / 3.0);
  for (size_t j = 0; j < n; j++) {
    const size_t border = n + system->level[j];
    system->matrix[j * order + border] = exp(log_weights[system->member[j]] + BS_LEVEL_DROP * (double)system->level[j]);
    system->matrix[border * order + j] = -1.0;
  }
  const lapack_int size = (lapack_int)order;
  const double norm = LAPACKE_dlange(LAPACK_COL_MAJOR, '1', size, size, system->matrix, size);
  double reciprocal = 0.0;
  if (LAPACKE_dgetrf(LAPACK_COL_MAJOR, size, size, system->matrix, size, system->pivots) == 0 &&
      bs_lapack_reciprocal_condition(order, system->matrix, norm, &reciprocal) == LAPACK_WORK_MEMORY_ERROR)
    return bs_fail_memory(error, "the Newton system of the support");
  system->singular = !(reciprocal > LEAST_CONDITION);
  return BIASCOPE_OK;
}

typedef struct {
  double *jacobian, *design, *right, *singular;
} dependent_work;

/* min |u| with  J X u - f = excess  in the least-squares sense (f: one value a level); step = X u, or 0 where
 * the method fails. */
static biascope_status least_squares(bs_support_system *system, const dependent_work *work, const double *excess,
                                     biascope_error *error) {
  const size_t n = system->n, d = system->game->features, columns = d + system->levels;
  double *const factors = system->matrix;
  system->matrix = work->jacobian;
  fill_jacobian(system, n);
  system->matrix = factors;
  /* column k of the design = J times feature k of the members */
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)n, (int)d, (int)n, 1.0, work->jacobian, (int)n,
              system->rows, (int)d, 0.0, work->design, (int)n);
  for (size_t j = 0; j < n; j++) {
    work->design[(d + system->level[j]) * n + j] = -1.0;
    work->right[j] = excess[j];
  }
  const size_t tall = n > columns ? n : columns, thin = n > columns ? columns : n;
  size_t rank;
  bs_game_spend(system->game, 2.0 * (double)n * (double)n * (double)d + 4.0 * (double)tall * pow((double)thin, 2.0));
  const lapack_int failed =
      bs_lapack_shortest_least_squares(n, columns, work->design, work->right, work->singular, RANK_TOLERANCE, &rank);
  if (failed == LAPACK_WORK_MEMORY_ERROR) return bs_fail_memory(error, "the least-squares system of the support");
  memset(system->step, 0, n * sizeof *system->step);
  if (failed == 0)
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)n, (int)d, 1.0, system->rows, (int)d, work->right, 1, 0.0,
                system->step, 1);
  return BIASCOPE_OK;
}

static biascope_status solve_dependent(bs_support_system *system, const double *excess, biascope_error *error) {
  const size_t n = system->n, columns = system->game->features + system->levels, tall = n > columns ? n : columns;
  const dependent_work work = {.jacobian = BS_NEW(double, n *n),
                               .design = BS_NEW(double, n *columns),
                               .right = BS_NEW(double, tall),
                               .singular = BS_NEW(double, tall)};
  biascope_status status = BIASCOPE_OK;
  if (!work.jacobian || !work.design || !work.right || !work.singular)
    status = bs_fail_memory(error, "the least-squares system of the support");
  else
    status = least_squares(system, &work, excess, error);
  free(work.jacobian);
  free(work.design);
  free(work.right);
  free(work.singular);
  return status;
}

biascope_status bs_support_system_solve(bs_support_system *system, const double *excess, biascope_error *error) {
  if (system->singular) return solve_dependent(system, excess, error);
  const lapack_int size = (lapack_int)(system->n + system->levels);
  memcpy(system->step, excess, system->n * sizeof *excess);
  memset(system->step + system->n, 0, system->levels * sizeof *system->step);
  LAPACKE_dgetrs(LAPACK_COL_MAJOR, 'N', size, 1, system->matrix, size, system->pivots, system->step, size);
  return BIASCOPE_OK;
}
