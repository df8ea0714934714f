/* The ranks that mpirun starts. Only each rank's first thread calls MPI. */
#include "study/ranks.h"

#include "base/error.h"
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_RECORD = 1, TAG_END = 2 };
enum { TEXTS = 4 };

/* What is sent ahead of a record's texts. */
typedef struct {
  bs_run_record record; /* its pointers mean nothing to the receiver */
  size_t length[TEXTS]; /* with the NUL; 0: no text */
} header;

biascope_ranks biascope_ranks_start(void) {
  int provided;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  const bs_ranks here = bs_ranks_here();
  return (biascope_ranks){.rank = here.rank, .count = here.count};
}

bs_ranks bs_ranks_here(void) {
  int rank, count;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  return (bs_ranks){.rank = (size_t)rank, .count = (size_t)count};
}

void biascope_ranks_end(void) {
  MPI_Finalize();
}

biascope_status bs_ranks_check(biascope_status status) {
  int mine = (int)status, worst;
  MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return (biascope_status)worst;
}

biascope_status bs_ranks_agree(biascope_status status, bs_fingerprint **finished, size_t *count) {
  int rank, said = (int)status;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Bcast(&said, 1, MPI_INT, 0, MPI_COMM_WORLD);
  if (said != BIASCOPE_OK) return (biascope_status)said;
  unsigned long long total = *count;
  MPI_Bcast(&total, 1, MPI_UNSIGNED_LONG_LONG, 0, MPI_COMM_WORLD);
  if (rank != 0) *finished = calloc(total + 1, sizeof **finished);
  const biascope_status ready = bs_ranks_check(*finished ? BIASCOPE_OK : BIASCOPE_NO_MEMORY);
  if (ready != BIASCOPE_OK) return ready;
  *count = total;
  MPI_Bcast(*finished, (int)(total * sizeof **finished), MPI_BYTE, 0, MPI_COMM_WORLD);
  return BIASCOPE_OK;
}

/* ---- Sending -------------------------------------------------------------------------------------- */

static biascope_status send_record(void *state, const bs_run_record *record, biascope_error *error) {
  (void)state;
  const char *const texts[TEXTS] = {record->spec, record->result, record->certificate, record->trace};
  header head = {.record = *record};
  size_t size = sizeof head;
  for (int i = 0; i < TEXTS; i++) size += head.length[i] = texts[i] ? strlen(texts[i]) + 1 : 0;
  char *message = malloc(size), *at = message;
  if (!message) return bs_fail_memory(error, "a message");
  memcpy(at, &head, sizeof head);
  at += sizeof head;
  for (int i = 0; i < TEXTS; i++) {
    if (texts[i]) memcpy(at, texts[i], head.length[i]);
    at += head.length[i];
  }
  MPI_Send(message, (int)size, MPI_BYTE, 0, TAG_RECORD, MPI_COMM_WORLD);
  free(message);
  return BIASCOPE_OK;
}

static biascope_status nothing_to_commit(void *state, biascope_error *error) {
  (void)state;
  (void)error;
  return BIASCOPE_OK;
}

void bs_ranks_finish(const bs_ranks *ranks) {
  if (ranks->rank > 0) MPI_Send(NULL, 0, MPI_BYTE, 0, TAG_END, MPI_COMM_WORLD);
}

/* ---- Receiving ------------------------------------------------------------------------------------ */

/* The record in a message; empty where memory ran out, so that its run will be run again. */
static bs_run_record unpack(const char *message) {
  header head;
  memcpy(&head, message, sizeof head);
  bs_run_record record = head.record;
  char **const texts[TEXTS] = {&record.spec, &record.result, &record.certificate, &record.trace};
  const char *at = message + sizeof head;
  bool complete = true;
  for (int i = 0; i < TEXTS; i++) {
    *texts[i] = head.length[i] ? strdup(at) : NULL;
    complete &= !head.length[i] || *texts[i];
    at += head.length[i];
  }
  if (!complete) bs_run_record_free(&record);
  return record;
}

static bool receive_record(void *state, bs_run_record *out) {
  bs_ranks *ranks = state;
  int waiting, size;
  MPI_Status status;
  *out = (bs_run_record){0};
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &waiting, &status);
  if (!waiting) return ranks->ended < ranks->count - 1;
  MPI_Get_count(&status, MPI_BYTE, &size);
  char *message = malloc((size_t)size + 1);
  if (!message) return true;
  MPI_Recv(message, size, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  if (status.MPI_TAG == TAG_END)
    ranks->ended++;
  else
    *out = unpack(message);
  free(message);
  return ranks->ended < ranks->count - 1;
}

void bs_ranks_divide(bs_ranks *ranks, bs_plan *plan, bs_sink *sink) {
  const size_t all = plan->run_count;
  double work = 0.0;
  if (ranks->count == 1) return;
  for (size_t i = 0; i < all; i++) work += bs_plan_work(plan, &plan->runs[i]);
  bs_plan_keep_shard(plan, ranks->rank, ranks->count);
  if (ranks->rank > 0)
    *sink = (bs_sink){.add = send_record, .commit = nothing_to_commit};
  else {
    sink->receive = receive_record;
    sink->others = ranks;
    sink->expected = all - plan->run_count;
    for (size_t i = 0; i < plan->run_count; i++) work -= bs_plan_work(plan, &plan->runs[i]);
    sink->expected_work = work;
  }
}
