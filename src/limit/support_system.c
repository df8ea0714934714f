#include "limit/support_system.h"

#include "base/memory.h"
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEAST_CONDITION = 1e-13; /* reciprocal; below it the factors say nothing */
static const double RANK_TOLERANCE = 1e-10;

biascope_status bs_support_system_create(const bs_game *game, bs_support_system *out, biascope_error *error) {
  *out = (bs_support_system){.game = game};
  out->member = BS_NEW(size_t, game->samples);
  return out->member ? BIASCOPE_OK : bs_fail_memory(error, "the support");
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
  system->member = NULL;
}

void bs_support_system_list(bs_support_system *system, const double *log_weights) {
  system->n = 0;
  for (size_t i = 0; i < system->game->samples; i++) {
    if (log_weights[i] > -INFINITY) system->member[system->n++] = i;
  }
}

static biascope_status make_room(bs_support_system *system, biascope_error *error) {
  const size_t n = system->n, d = system->game->features;
  if (n <= system->room) return BIASCOPE_OK;
  free_matrices(system);
  system->rows = BS_NEW(double, n *d);
  system->slopes = BS_NEW(double, n *d);
  system->matrix = BS_NEW(double, (n + 1) * (n + 1));
  system->step = BS_NEW(double, n + 1);
  system->pivots = BS_NEW(int, n + 1);
  if (!system->rows || !system->slopes || !system->matrix || !system->step || !system->pivots) {
    free_matrices(system);
    return bs_fail_memory(error, "the Newton system of the support");
  }
  system->room = n;
  return BIASCOPE_OK;
}

/* matrix = J on the support, leading dimension `stride`: column j is X times the sensitivity of member j. */
static void fill_jacobian(bs_support_system *system, size_t stride) {
  const size_t n = system->n, d = system->game->features;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)d, 1.0, system->slopes, (int)d,
              system->rows, (int)d, 0.0, system->matrix, (int)stride);
}

biascope_status bs_support_system_factor(bs_support_system *system, const double *log_weights, biascope_error *error) {
  const bs_game *game = system->game;
  const biascope_status status = make_room(system, error);
  if (status != BIASCOPE_OK) return status;
  const size_t n = system->n, d = game->features, order = n + 1;
  for (size_t j = 0; j < n; j++) {
    memcpy(system->rows + j * d, game->rows + system->member[j] * d, d * sizeof(double));
    memcpy(system->slopes + j * d, game->sensitivity + system->member[j] * d, d * sizeof(double));
  }
  system->singular = n > d + 1;
  if (system->singular) return BIASCOPE_OK;
  fill_jacobian(system, order);
  for (size_t j = 0; j < n; j++) {
    system->matrix[j * order + n] = exp(log_weights[system->member[j]]);
    system->matrix[n * order + j] = -1.0;
  }
  system->matrix[n * order + n] = 0.0;
  const lapack_int size = (lapack_int)order;
  const double norm = LAPACKE_dlange(LAPACK_COL_MAJOR, '1', size, size, system->matrix, size);
  double reciprocal = 0.0;
  if (LAPACKE_dgetrf(LAPACK_COL_MAJOR, size, size, system->matrix, size, system->pivots) == 0)
    LAPACKE_dgecon(LAPACK_COL_MAJOR, '1', size, system->matrix, size, norm, &reciprocal);
  system->singular = !(reciprocal > LEAST_CONDITION);
  return BIASCOPE_OK;
}

/* min |u| with  J X u - f = excess  in the least-squares sense; step = X u. */
static biascope_status solve_dependent(bs_support_system *system, const double *excess, biascope_error *error) {
  const size_t n = system->n, d = system->game->features, tall = n > d + 1 ? n : d + 1;
  double *jacobian = BS_NEW(double, n *n), *design = BS_NEW(double, n *(d + 1)), *right = BS_NEW(double, tall);
  double *singular = BS_NEW(double, tall);
  biascope_status status = BIASCOPE_OK;
  if (jacobian && design && right && singular) {
    double *const factors = system->matrix;
    system->matrix = jacobian;
    fill_jacobian(system, n);
    system->matrix = factors;
    /* column k of the design = J times feature k of the members */
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)n, (int)d, (int)n, 1.0, jacobian, (int)n, system->rows,
                (int)d, 0.0, design, (int)n);
    for (size_t j = 0; j < n; j++) {
      design[d * n + j] = -1.0;
      right[j] = excess[j];
    }
    lapack_int rank;
    const lapack_int failed = LAPACKE_dgelsd(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)d + 1, 1, design,
                                             (lapack_int)n, right, (lapack_int)tall, singular, RANK_TOLERANCE, &rank);
    if (failed) memset(right, 0, tall * sizeof *right);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)n, (int)d, 1.0, system->rows, (int)d, right, 1, 0.0, system->step, 1);
  } else {
    status = bs_fail_memory(error, "the least-squares system of the support");
  }
  free(jacobian);
  free(design);
  free(right);
  free(singular);
  return status;
}

biascope_status bs_support_system_solve(bs_support_system *system, const double *excess, biascope_error *error) {
  if (system->singular) return solve_dependent(system, excess, error);
  const lapack_int size = (lapack_int)system->n + 1;
  memcpy(system->step, excess, system->n * sizeof *excess);
  system->step[system->n] = 0.0;
  LAPACKE_dgetrs(LAPACK_COL_MAJOR, 'N', size, 1, system->matrix, size, system->pivots, system->step, size);
  return BIASCOPE_OK;
}
