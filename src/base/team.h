/* Threads that share the parts of a piece of work. It is not specified which thread does which part: parts must not
 * depend on each other. */
#ifndef BIASCOPE_BASE_TEAM_H
#define BIASCOPE_BASE_TEAM_H

#include "base/error.h"

typedef struct bs_team bs_team;

/* So many threads, including the caller of bs_team_run; fewer if the system grants no more. */
biascope_status bs_team_create(bs_team **out, size_t threads, biascope_error *error);
void bs_team_free(bs_team *team);
/* The number of threads without the caller's own. */
size_t bs_team_helpers(const bs_team *team);
/* Calls work(state, part) for every part below `parts`, and returns when all are done. Allocates nothing. */
void bs_team_run(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state);
/* The same without the caller's thread; there must be at least one
 * helper. Returns at once; bs_team_finish returns when all parts are
 * done. */
void bs_team_start(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state);
void bs_team_finish(bs_team *team);

#endif
