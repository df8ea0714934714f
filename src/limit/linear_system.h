/* A linear system that need not determine its solution. */
#ifndef BIASCOPE_LIMIT_LINEAR_SYSTEM_H
#define BIASCOPE_LIMIT_LINEAR_SYSTEM_H

#include "limit/game.h"

typedef struct {
  size_t rows, columns;
  double *matrix;   /* rows x columns, column-major */
  double *right;    /* the larger of rows and columns: the right-hand side, then the solution */
  double *singular; /* singular values */
  bool out_of_memory;
} bs_linear_system;

/* Room for `rows` equations in `columns` unknowns, zeroed; what was there before is freed. False: out of memory. */
bool bs_linear_system_make(bs_linear_system *system, size_t rows, size_t columns);
void bs_linear_system_free(bs_linear_system *system);

/* The least-squares solution of least norm, in `right`; the multiplications are the game's. False: none was found, or
 * out of memory. */
bool bs_linear_system_solve(bs_linear_system *system, bs_game *game);

#endif
