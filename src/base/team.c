#include "base/team.h"

#include "base/memory.h"
#include <pthread.h>
#include <stdlib.h>

struct bs_team {
  pthread_t *helper;
  size_t helpers;
  pthread_mutex_t lock; /* guards the rest */
  pthread_cond_t posted, finished;
  void (*work)(void *state, size_t part);
  void *state;
  size_t parts, next, done;
  bool leaving;
};

/* Does the next part. The lock is held before and after the call. */
static void do_part(bs_team *team) {
  void (*const work)(void *, size_t) = team->work;
  void *const state = team->state;
  const size_t part = team->next++;
  pthread_mutex_unlock(&team->lock);
  work(state, part);
  pthread_mutex_lock(&team->lock);
  if (++team->done == team->parts) pthread_cond_signal(&team->finished);
}

static void *help(void *argument) {
  bs_team *team = argument;
  pthread_mutex_lock(&team->lock);
  while (!team->leaving) {
    if (team->next < team->parts)
      do_part(team);
    else
      pthread_cond_wait(&team->posted, &team->lock);
  }
  pthread_mutex_unlock(&team->lock);
  return NULL;
}

biascope_status bs_team_create(bs_team **out, size_t threads, biascope_error *error) {
  bs_team *team = BS_NEW(bs_team, 1);
  *out = NULL;
  if (team) team->helper = BS_NEW(pthread_t, threads > 0 ? threads : 1);
  if (!team || !team->helper) {
    free(team);
    return bs_fail_memory(error, "the threads");
  }
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->posted, NULL);
  pthread_cond_init(&team->finished, NULL);
  while (team->helpers + 1 < threads && pthread_create(&team->helper[team->helpers], NULL, help, team) == 0)
    team->helpers++;
  *out = team;
  return BIASCOPE_OK;
}

void bs_team_free(bs_team *team) {
  if (!team) return;
  pthread_mutex_lock(&team->lock);
  team->leaving = true;
  pthread_cond_broadcast(&team->posted);
  pthread_mutex_unlock(&team->lock);
  while (team->helpers > 0) pthread_join(team->helper[--team->helpers], NULL);
  pthread_cond_destroy(&team->finished);
  pthread_cond_destroy(&team->posted);
  pthread_mutex_destroy(&team->lock);
  free(team->helper);
  free(team);
}

size_t bs_team_helpers(const bs_team *team) {
  return team->helpers;
}

static void post(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state) {
  team->work = work;
  team->state = state;
  team->parts = parts;
  team->next = team->done = 0;
  if (team->helpers > 0) pthread_cond_broadcast(&team->posted);
}

static void wait_for_all(bs_team *team) {
  while (team->done < team->parts) pthread_cond_wait(&team->finished, &team->lock);
}

void bs_team_run(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state) {
  pthread_mutex_lock(&team->lock);
  post(team, parts, work, state);
  while (team->next < parts) do_part(team);
  wait_for_all(team);
  pthread_mutex_unlock(&team->lock);
}

void bs_team_start(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state) {
  pthread_mutex_lock(&team->lock);
  post(team, parts, work, state);
  pthread_mutex_unlock(&team->lock);
}

void bs_team_finish(bs_team *team) {
  pthread_mutex_lock(&team->lock);
  wait_for_all(team);
  pthread_mutex_unlock(&team->lock);
}
