/* The processes of one sweep: one, or with MPI (the build option BIASCOPE_MPI) the ranks that mpirun starts. Rank 0 has
 * the store and writes; every rank trains. */
#ifndef BIASCOPE_STUDY_RANKS_H
#define BIASCOPE_STUDY_RANKS_H

#include "biascope_study.h"
#include "study/plan.h"
#include "study/sink.h"

typedef struct {
  size_t rank, count;
  size_t ended; /* ranks that have sent their last record */
} bs_ranks;

/* This process among them; biascope_ranks_start was called before. */
bs_ranks bs_ranks_here(void);
/* Whether all ranks are well: else every rank gets the status of one that is not. */
biascope_status bs_ranks_check(biascope_status status);
/* What rank 0 says: its status, and the runs that its store holds. *finished of the others is freed with free(). */
biascope_status bs_ranks_agree(biascope_status status, bs_fingerprint **finished, size_t *count);
/* Keeps this rank's part of the plan. Rank 0: `sink` will receive the other ranks' records; others: it becomes one
 * that sends them to rank 0. */
void bs_ranks_divide(bs_ranks *ranks, bs_plan *plan, bs_sink *sink);
/* Tells rank 0 that no more records come from here. */
void bs_ranks_finish(const bs_ranks *ranks);

#endif
