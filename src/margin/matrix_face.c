/* The set of optimal directions of the spectral and the nuclear norm. With (W, c) strictly complementary, S the support
 * of c and U, V the singular vectors of G, W + Z is optimal for small Z in the span of the set if <A_r, Z> = 0 on S and
 *   spectral, q the rank of G:  Z = U2 Y V2', the vectors but the first q of each, any Y: W is fixed where G is not
 * zero; nuclear, q the rank of W:   Z = U1 H V1', the first q of each, H symmetric (then trace H = 0: <G, Z> = 0 on S).
 * The dimension is that of these Y or H. */
#include "base/memory.h"
#include "base/vector.h"
#include "margin/equations.h"
#include "margin/matrix_interior.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of the matrix that is decomposed. */
static const size_t MOST_ENTRIES = (size_t)1 << 23;

size_t bs_matrix_rank(const bs_matrix_interior *run) {
  const double *own = run->equation->turns_g ? run->of_w : run->of_g,
               *other = run->equation->turns_g ? run->of_g : run->of_w;
  size_t rank = 0;
  while (rank < run->least && own[rank] * other[0] > (other[0] - other[rank]) * own[0]) rank++;
  return rank;
}

/* The coefficients of Y or H in <A_r, Z>. */
static void fill_row(const bs_matrix_interior *run, size_t r, size_t rank, double *row) {
  const bs_matrix *x = &run->problem->x;
  const bs_pair pair = bs_pair_of(r, x->classes, x->class_of);
  const double *own = run->turn.basis + pair.own * run->m, *other = run->turn.basis + pair.other * run->m;
  const double *sample = run->turn.samples.dense + pair.sample * run->d;
  const bool nuclear = run->equation->turns_g;
  for (size_t a = nuclear ? 0 : rank; a < (nuclear ? rank : run->m); a++) {
    const double weight = own[a] - other[a];
    if (!nuclear)
      for (size_t f = rank; f < run->d; f++) *row++ = weight * sample[f];
    else
      for (size_t f = a; f < rank; f++)
        *row++ = a == f ? weight * sample[a] : weight * sample[f] + (own[f] - other[f]) * sample[a];
  }
}

static biascope_status find_rank(const bs_matrix_interior *run, size_t rank, size_t support, size_t unknowns,
                                 size_t *dimension, biascope_error *error) {
  bs_equations equations;
  biascope_status status = bs_equations_create(support, unknowns, &equations, error);
  for (size_t r = 0, row = 0; status == BIASCOPE_OK && r < run->n; r++) {
    if (!(run->c[r] > 0.0)) continue;
    double *to = equations.a + row++ * unknowns;
    fill_row(run, r, rank, to);
    const double largest = bs_max_abs(unknowns, to);
    if (largest > 0.0) bs_scale(unknowns, 1.0 / largest, to);
  }
  if (status == BIASCOPE_OK) status = bs_equations_factor(&equations, error);
  if (status == BIASCOPE_OK) *dimension = unknowns - equations.rank;
  bs_equations_free(&equations);
  return status;
}

biascope_status bs_matrix_face(bs_matrix_interior *run, size_t *dimension, biascope_error *error) {
  const size_t rank = bs_matrix_rank(run);
  const size_t unknowns = run->equation->turns_g ? rank * (rank + 1) / 2 : (run->m - rank) * (run->d - rank);
  size_t support = 0;
  for (size_t r = 0; r < run->n; r++) support += run->c[r] > 0.0;
  *dimension = 0;
  if (unknowns == 0) return BIASCOPE_OK;
  *dimension = SIZE_MAX;
  if (support == 0 || unknowns > MOST_ENTRIES / support) return BIASCOPE_OK;
  const bs_dense_status turned = bs_matrix_turn_set(&run->turn, &run->problem->x, run->basis, run->g);
  if (turned == BS_DENSE_NO_MEMORY) return bs_fail_memory(error, "the singular vectors");
  if (turned != BS_DENSE_OK) return BIASCOPE_OK;
  return find_rank(run, rank, support, unknowns, dimension, error);
}
